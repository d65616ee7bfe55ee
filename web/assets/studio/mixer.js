/** Mixes the microphone with a shared screen's sound into one track that stays the same, and measures how loud it is. */

const FLOOR_DB = -60;

export class Mixer {
  #context = new AudioContext({ latencyHint: "interactive", sampleRate: 48_000 });
  #out = this.#context.createMediaStreamDestination();
  #analyser = this.#context.createAnalyser();
  #voice = this.#context.createGain();
  #samples = new Float32Array(1024);
  /** @type {Map<string, MediaStreamAudioSourceNode>} */
  #inputs = new Map();

  constructor() {
    this.#analyser.fftSize = 2 * this.#samples.length;
    this.#voice.connect(this.#analyser);
    this.#analyser.connect(this.#out);
  }

  /** The sound as it is sent. */
  get track() {
    return this.#out.stream.getAudioTracks()[0] ?? null;
  }

  /** Browsers keep it silent until somebody has pressed something. */
  async wake() {
    if (this.#context.state === "suspended") await this.#context.resume();
  }

  /**
   * @param {"microphone" | "screen"} name
   * @param {MediaStream | null} stream  null, or one without sound: nothing more comes from there
   */
  plug(name, stream) {
    this.#inputs.get(name)?.disconnect();
    this.#inputs.delete(name);
    if (!stream?.getAudioTracks().length) return;
    const input = this.#context.createMediaStreamSource(stream);
    input.connect(name === "microphone" ? this.#voice : this.#analyser);
    this.#inputs.set(name, input);
  }

  get muted() {
    return this.#voice.gain.value === 0;
  }

  /** @param {boolean} muted  the microphone alone */
  set muted(muted) {
    this.#voice.gain.value = muted ? 0 : 1;
  }

  /** How loud it is now, 0 for silence to 1. */
  get level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    return Math.min(1, Math.max(0, 1 - (10 * Math.log10(power + 1e-9)) / FLOOR_DB));
  }

  async close() {
    for (const name of [...this.#inputs.keys()]) this.plug(/** @type {"screen"} */ (name), null);
    await this.#context.close();
  }
}

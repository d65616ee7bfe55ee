/** Files on their way to S3, several at once, by Uppy; what this page knows of each. */

import { ApiError } from "../api.js";
import { Begun } from "./api-calls.js";
import { partSize, Speed } from "./plan.js";

/** @typedef {import("../../vendor/uppy-5.2.4/uppy.min.mjs").Uppy} Uppy */
/** @typedef {"waiting" | "sending" | "paused" | "done" | "failed"} Stage */

/** Part requests at once, over all files. */
const PARALLEL = 5;
/** Waits between the tries of a part: a minute and a half of no network is bridged. */
const RETRY_MS = [0, 1000, 3000, 5000, 10_000, 20_000, 25_000, 30_000];
const MEMORY = "headwater.upload.";

/** One file. */
export class Upload {
  /** Uppy's name for it. */
  fileId = "";
  /** @type {Begun | null} */
  begun = null;
  /** @type {Promise<Begun> | null} */
  #beginning = null;
  /** @type {Stage} */
  stage = "waiting";
  sent = 0;
  /** @type {{code: string, detail: string} | null} */
  error = null;
  speed = new Speed();

  /**
   * @param {File} file
   * @param {string} [recordingId]  of an upload that was begun earlier
   */
  constructor(file, recordingId) {
    this.file = file;
    if (recordingId) this.begun = new Begun(recordingId, file.size);
  }

  /** Its recording, made once however often Uppy asks: a pause may come while it is being made. */
  begin() {
    this.#beginning ??= (this.begun ? Promise.resolve(this.begun) : Begun.create(this.file)).then(
      (begun) => (this.begun = begun),
      (error) => {
        this.#beginning = null;
        throw error;
      },
    );
    return this.#beginning;
  }

  /** Remove what there is of it on the server, also what is just being made. */
  async discard() {
    const begun = this.begun ?? (await this.#beginning?.catch(() => null));
    if (!begun) return;
    localStorage.removeItem(MEMORY + begun.id);
    await begun.discard();
  }

  /** @returns {string | null} */
  get recordingId() {
    return this.begun?.id ?? null;
  }

  /** Fraction sent. */
  get share() {
    return this.stage === "done" ? 1 : this.file.size ? this.sent / this.file.size : 0;
  }
}

/**
 * When a begun upload's file was changed last, as this browser remembers it; null when it does not.
 *
 * @param {string} recordingId
 */
export function rememberedChange(recordingId) {
  const stored = localStorage.getItem(MEMORY + recordingId);
  return stored === null ? null : Number(stored);
}

/** What a failure of Uppy's says to people. @param {Error & {source?: {status?: number}, code?: string}} error */
function words(error) {
  if (error instanceof ApiError) return { code: error.code, detail: error.message };
  const status = error.source?.status;
  if (status) return { code: `storage_${status}`, detail: `The storage answered ${status} to a part of this file.` };
  if (error.name === "NotReadableError" || error.name === "NotFoundError") {
    return { code: "file_changed", detail: "The file was changed, moved or removed since it was chosen." };
  }
  return { code: "unreachable", detail: "The storage cannot be reached. What has arrived is kept: try again." };
}

/** All of them; dispatches `change` whenever something is to be drawn, `done` with the upload in `detail`. */
export class Uploads extends EventTarget {
  /** @type {Upload[]} */
  all = [];
  /** @type {Promise<Uppy> | null} */
  #uppy = null;

  /** True while closing the page would interrupt something. */
  get active() {
    return this.all.some(({ stage }) => stage === "sending" || stage === "waiting");
  }

  /** Recordings that this page is sending. */
  get recordingIds() {
    return new Set(this.all.flatMap(({ stage, recordingId }) => (stage !== "done" && recordingId ? [recordingId] : [])));
  }

  /**
   * @param {File} file
   * @param {string} [recordingId]  goes on with an upload that was begun earlier
   * @returns {Upload | null} null for one that is in the list already
   */
  add(file, recordingId) {
    const same = this.all.some(
      ({ file: other, stage }) =>
        stage !== "done" && other.name === file.name && other.size === file.size && other.lastModified === file.lastModified,
    );
    if (same) return null;
    const upload = new Upload(file, recordingId);
    this.all.unshift(upload);
    void this.#start(upload);
    return upload;
  }

  /** @param {Upload} upload */
  async #start(upload) {
    upload.stage = "waiting";
    upload.error = null;
    upload.speed.forget();
    this.#changed();
    const uppy = await (this.#uppy ??= this.#load());
    if (!this.all.includes(upload)) return; // taken away while Uppy was fetched
    const { file, begun } = upload;
    // a name of its own for each try, since Uppy tells files apart by name and size
    const meta = { relativePath: crypto.randomUUID() };
    upload.fileId = uppy.addFile({ name: file.name, type: file.type, data: file, source: "Local", meta });
    // Uppy then asks what has arrived before it sends anything
    if (begun) uppy.setFileState(upload.fileId, { s3Multipart: { key: begun.id, uploadId: begun.id } });
    upload.stage = "sending";
    this.#changed();
    await uppy.upload().catch(() => undefined); // each failure comes as an event, too
  }

  /** @param {Upload} upload */
  async pause(upload) {
    (await this.#uppy)?.pauseResume(upload.fileId);
    upload.stage = "paused";
    upload.speed.forget();
    this.#changed();
  }

  /** Go on after a pause or a failure. @param {Upload} upload */
  async resume(upload) {
    const uppy = await this.#uppy;
    if (upload.stage === "paused") {
      uppy?.pauseResume(upload.fileId);
      upload.stage = "sending";
      this.#changed();
    } else {
      uppy?.removeFile(upload.fileId);
      await this.#start(upload);
    }
  }

  /** Take it out of the list; one that is not done is given up, with its recording. @param {Upload} upload */
  async remove(upload) {
    this.all = this.all.filter((other) => other !== upload);
    this.#changed();
    const uppy = await this.#uppy;
    if (uppy?.getFile(upload.fileId)) uppy.removeFile(upload.fileId);
    if (upload.stage !== "done") await upload.discard();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string | undefined} fileId */
  #of(fileId) {
    return this.all.find((upload) => upload.fileId === fileId);
  }

  /** @param {{id: string}} file */
  #begunOf(file) {
    const begun = this.#of(file.id)?.begun;
    if (!begun) throw new ApiError(0, "upload_removed", "This upload was taken away.");
    return begun;
  }

  async #load() {
    const { AwsS3, Uppy } = await import("../../vendor/uppy-5.2.4/uppy.min.mjs");
    const uppy = new Uppy({ autoProceed: false, allowMultipleUploadBatches: true });
    uppy.use(AwsS3, {
      shouldUseMultipart: true,
      limit: PARALLEL,
      retryDelays: RETRY_MS,
      getChunkSize: ({ size }) => partSize(size),
      createMultipartUpload: async (file) => {
        const upload = this.#of(file.id);
        if (!upload) throw new ApiError(0, "upload_removed", "This upload was taken away.");
        const begun = await upload.begin();
        if (!this.all.includes(upload)) throw new ApiError(0, "upload_removed", "This upload was taken away.");
        localStorage.setItem(MEMORY + begun.id, String(upload.file.lastModified));
        this.#changed();
        return { uploadId: begun.id, key: begun.id };
      },
      listParts: (file) => this.#begunOf(file).stored(),
      signPart: async (file, { partNumber }) => ({ url: await this.#begunOf(file).url(partNumber) }),
      completeMultipartUpload: async (file) => {
        await this.#begunOf(file).complete();
        return {};
      },
      // Uppy gives up after a failure; what has arrived stays for another try, and `remove` discards it
      abortMultipartUpload: async () => undefined,
    });
    uppy.on("upload-progress", (file, { bytesUploaded }) => {
      const upload = this.#of(file?.id);
      if (!upload || upload.stage !== "sending") return;
      upload.sent = bytesUploaded;
      upload.speed.note(performance.now() / 1000, bytesUploaded);
      this.#changed();
    });
    uppy.on("upload-success", (file) => {
      const upload = this.#of(file?.id);
      if (!upload) return;
      upload.stage = "done";
      if (upload.begun) localStorage.removeItem(MEMORY + upload.begun.id);
      this.#changed();
      this.dispatchEvent(new CustomEvent("done", { detail: upload }));
    });
    uppy.on("upload-error", (file, error) => {
      const upload = this.#of(file?.id);
      if (!upload) return;
      upload.stage = "failed";
      upload.error = words(error);
      this.#changed();
    });
    return uppy;
  }
}

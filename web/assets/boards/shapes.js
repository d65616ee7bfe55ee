/**
 * What the analytics routes answer with; docs/analytics.md says how each number comes about. Null is "not known".
 *
 * @typedef {object} Measures
 * @property {number} sessions
 * @property {number} views
 * @property {number | null} viewers           null where it cannot be added up
 * @property {number} watch_s
 * @property {number | null} average_viewers
 * @property {number | null} peak_viewers
 * @property {number | null} startup_ms
 * @property {number | null} startup_p50_ms
 * @property {number | null} startup_p95_ms
 * @property {number | null} rebuffer_ratio    0..1
 * @property {number} stalls
 * @property {number | null} stalls_per_hour
 * @property {number | null} mean_kbps
 * @property {number} switches
 * @property {number} failures
 * @property {number | null} failure_rate      0..1
 * @property {number} exits_before_start
 * @property {number | null} exit_rate         0..1
 * @property {number | null} latency_ms        behind the camera, live alone
 * @property {number | null} good_share        0..1
 * @property {number | null} qoe
 *
 * @typedef {Measures & {day: string}} Day
 *
 * @typedef {object} OnAir
 * @property {string} recording_id
 * @property {string} title
 * @property {string | null} room_id
 * @property {number} viewers
 * @property {number} peak
 * @property {string | null} started_at
 * @property {number | null} latency_ms
 * @property {{bitrate_kbps: number | null, lag_s: number | null, status: string}} [ingest]
 *
 * @typedef {object} Report
 * @property {string} from
 * @property {string} to
 * @property {Measures} totals
 * @property {Measures} before
 * @property {Day[]} days
 *
 * @typedef {Report & {
 *   live_now: {streams: number, viewers: number, items: OnAir[]},
 *   most_watched: {recording_id: string, title: string, watch_s: number, views: number}[],
 * }} Overview
 *
 * @typedef {object} Group
 * @property {string} name
 * @property {number} sessions
 * @property {number} views
 * @property {number} watch_s
 * @property {number | null} rebuffer_ratio
 * @property {number | null} good_share
 * @property {number | null} qoe
 *
 * @typedef {object} Watched
 * @property {string} id
 * @property {string} title
 * @property {number | null} duration_s
 * @property {boolean} [live]
 * @property {string} [created_at]
 *
 * @typedef {Report & {
 *   recording: Watched,
 *   all_time: Measures,
 *   retention: number[] | null,
 *   slots?: {at: string, viewers: number}[],
 *   rungs: {rung: string, share: number, watch_s: number}[],
 *   networks: Group[],
 *   devices: Group[],
 *   countries: Group[],
 * }} RecordingReport
 *
 * @typedef {object} Session
 * @property {string} session
 * @property {string} recording_id
 * @property {string | null} user
 * @property {boolean} anonymous
 * @property {string} started_at
 * @property {string | null} ended_at         null while it goes on
 * @property {number} watch_s
 * @property {number | null} completion        0..1
 * @property {number | null} startup_ms
 * @property {number} stalls
 * @property {number} stall_s
 * @property {number} switches
 * @property {number | null} mean_kbps
 * @property {string | null} network
 * @property {string | null} device
 * @property {string | null} country
 * @property {boolean} live
 * @property {string | null} failure           code
 * @property {boolean | null} good             null when too short to judge
 * @property {number | null} qoe
 * @property {number | null} latency_ms
 *
 * @typedef {object} Moment
 * @property {number} at_ms                    from the session's start
 * @property {string} kind
 * @property {number} [throughput_kbps]
 * @property {number} [buffer_s]
 * @property {number} [kbps]
 * @property {string} [rung]
 * @property {number} [stall_ms]               playing stood still so long until `at_ms`
 * @property {string} [reason]
 * @property {number} [pt_s]                   place in the recording
 * @property {string} [code]
 *
 * @typedef {object} Why
 * @property {number} at_ms
 * @property {number} stall_ms
 * @property {string} code
 * @property {string} text
 *
 * @typedef {Session & {recording: Watched, timeline: Moment[], truncated: boolean, why: Why[]}} SessionReport
 *
 * @typedef {object} Person
 * @property {string | null} user
 * @property {string} viewer                   short name that says nothing
 * @property {string} first_at
 * @property {string} last_at
 * @property {number} sessions
 * @property {number} watch_s
 * @property {number | null} completion
 * @property {number} recordings
 *
 * @typedef {{people: Person[], next_cursor: string | null, anonymous_sessions: number}} Attendance
 */

export {};

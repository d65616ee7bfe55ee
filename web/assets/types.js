/**
 * The shapes the API answers with, as far as the pages use them.
 *
 * @typedef {"pending" | "in-progress" | "completed"} RenditionStatus
 * @typedef {"pending" | "in-progress" | "completed" | "failed" | "cancelled"} JobStatus
 * @typedef {"waiting" | "live" | "uploading" | "processing" | "playable" | "ready" | "errored"} RecordingStatus
 *
 * @typedef {object} Rendition
 * @property {string} id            names its folder on the CDN
 * @property {string} name          words for people
 * @property {"video" | "audio"} kind
 * @property {number} width         pixels, 0 for audio
 * @property {number} height        pixels, 0 for audio
 * @property {number} bitrate_kbps
 * @property {number} frame_rate    frames per second, 0 for audio
 * @property {number} percent       encoded, 0..100
 * @property {number} fps           encoding speed in frames per second
 * @property {number} speed         encoding speed in seconds of media per second
 * @property {number} available_s   seconds from the start that can be played now, without a hole
 * @property {RenditionStatus} status
 *
 * @typedef {object} Failure
 * @property {string} code
 * @property {string} detail        a sentence for the user
 *
 * @typedef {object} Progress
 * @property {string} recording_id
 * @property {string} title
 * @property {string | null} job_id
 * @property {RecordingStatus} recording_status
 * @property {JobStatus} status
 * @property {number} percent       0..100
 * @property {number | null} eta_s  seconds until everything is encoded, null while unknown
 * @property {{usd: string} | null} cost  so far; only its owner is told
 * @property {boolean} playable
 * @property {number} duration_s
 * @property {number} segment_s     seconds of one segment
 * @property {Failure | null} error
 * @property {string | null} poster_url      path of a picture; the media cookies open it
 * @property {string | null} storyboard_url  path of a thumbnail track, likewise; it grows
 * @property {Rendition[]} renditions
 *
 * @typedef {object} Recording
 * @property {string} id
 * @property {string} owner
 * @property {string} title
 * @property {string} filename
 * @property {"private" | "public"} visibility
 * @property {RecordingStatus} status
 * @property {Failure | null} error
 * @property {number | null} duration_s
 * @property {number | null} width
 * @property {number | null} height
 * @property {string} created_at    ISO 8601
 * @property {number} size_bytes
 * @property {string | null} room_id
 * @property {boolean} live         a stream makes it, or made it
 * @property {string | null} thumbnail_url  path of its poster, signed: opens without cookies
 * @property {string} playback_url  the link to hand on; a private recording's carries its grant
 *
 * @typedef {object} Recommendation
 * @property {{id: string}} recommended
 * @property {{id: string, reason: string} | null} cap   highest rendition of use, when that is not the highest
 * @property {{mean_log_kbps: number, weight: number} | null} prior  of this network
 * @property {{id: string, token: string, events_url: string}} session
 *
 * @typedef {object} LiveStream
 * @property {"active" | "paused" | "stopped"} status
 * @property {string | null} websocket_url
 * @property {string} master_url
 *
 * @typedef {object} RecordingPage
 * @property {Recording[]} recordings
 * @property {string | null} next_cursor
 */

export {};

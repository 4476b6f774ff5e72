// One take: from a stream to bytes, in the best form this browser has.

import { processingOf } from "audio/microphone";

const LADDER = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const LOSSLESS = "audio/webm;codecs=pcm";
const TAIL_MS = 500;
const SLOWEST_START_MS = 1000;
// So much is lost at most when the page is killed.
const PIECE_MS = 1000;

/** Lossless on a desktop; on a phone, whose plan is metered, the best compressed form it has. */
export function bestType({ isPhone, isSupported }) {
  const wanted = isPhone ? LADDER : [LOSSLESS, ...LADDER];
  return wanted.find(isSupported) ?? "";
}

/** Whether this is a phone or a tablet. */
export function isPhone() {
  return navigator.userAgentData?.mobile ?? matchMedia("(pointer: coarse)").matches;
}

/** Seconds as minutes and seconds: 0:07. */
export function clockTime(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** Records a stream from the moment it is made until stop() resolves with the take; `hear` gets each piece as it comes. */
export class Recording {
  #recorder;
  #pieces = [];
  #beganAt = performance.now();
  #track;
  #stopped;
  #settings;

  /** Resolves once sound is kept: whoever speaks before that loses a syllable. */
  began;

  constructor(stream, { hear = () => {} } = {}) {
    const mimeType = bestType({ isPhone: isPhone(), isSupported: (type) => MediaRecorder.isTypeSupported(type) });
    this.#track = stream.getAudioTracks()[0];
    this.#settings = this.#track.getSettings();
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 128_000 });
    this.#recorder.addEventListener("dataavailable", ({ data }) => hear({ number: this.#pieces.push(data) - 1, piece: data }));
    // Asked for now: a microphone that is lost stops the recorder before anybody calls stop().
    this.#stopped = this.#once("stop");
    this.began = Promise.race([this.#once("start"), this.#stopped, pause(SLOWEST_START_MS)]).then(() => {
      this.#beganAt = performance.now();
    });
    this.#recorder.start(PIECE_MS);
  }

  /** What is known of the take by now, once it began. */
  get facts() {
    const { mimeType } = this.#recorder;
    return { mediaType: mimeType, capture: this.#capture(mimeType) };
  }

  get seconds() {
    return (performance.now() - this.#beganAt) / 1000;
  }

  /** Ends after a short tail, since fingers are faster than last syllables; resolves with bytes and facts. */
  async stop({ tail = TAIL_MS } = {}) {
    if (this.#recorder.state !== "inactive") await Promise.race([pause(tail), this.#stopped]);
    const { seconds } = this;
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await this.#stopped;
    const { facts } = this;
    const bytes = await new Blob(this.#pieces, { type: facts.mediaType }).arrayBuffer();
    return { bytes, seconds, ...facts };
  }

  /** What the browser really did, whatever was asked of it. */
  #capture(mimeType) {
    // A track that has ended tells no more.
    const settings = { ...this.#settings, ...this.#track.getSettings() };
    const capture = { ...settings, processing: processingOf(settings), mimeType };
    // These tell a person's devices apart, which is nobody's business.
    delete capture.deviceId;
    delete capture.groupId;
    return capture;
  }

  #once(name) {
    return new Promise((go) => this.#recorder.addEventListener(name, go, { once: true }));
  }
}

function pause(ms) {
  return new Promise((go) => setTimeout(go, ms));
}

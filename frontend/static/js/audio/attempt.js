// One attempt at a take. It ends when its speaker stops it, when it is as long as it may be, or when something interferes.

import { watch } from "audio/interruptions";
import { hintFor, listenForLoudest } from "audio/meter";
import { Recording } from "audio/recording";
import { stayAwake } from "audio/wake-lock";

const TICK_MS = 100;
// The tail and a little slowness of the browser still fit under the site's limit.
const MARGIN_SECONDS = 1;

/** How long a take may become on a site with that limit. */
export function longestTake(limitSeconds) {
  return limitSeconds - MARGIN_SECONDS;
}

/** Records until it ends; `tick` hears every tenth of a second how long it is, `hear` gets each piece as it comes. */
export class Attempt {
  /** The take's id, which it keeps for ever. */
  id = crypto.randomUUID();
  #recording;
  #end;
  #loudest;
  #holds = [stayAwake()];

  /** Resolves once sound is kept, and once no more is wanted: with why, or with "none" where its speaker stopped it. */
  began;
  ended = new Promise((go) => (this.#end = go));

  constructor(stream, { longestSeconds, tick, hear }) {
    this.#recording = new Recording(stream, { hear: (piece) => hear({ id: this.id, ...piece }) });
    this.began = this.#recording.began;
    this.#loudest = listenForLoudest(stream);
    this.#holds.push(watch(stream, (why) => this.stop(why)));
    this.began.then(() => {
      const clock = setInterval(() => {
        tick(this.#recording.seconds);
        if (this.#recording.seconds >= longestSeconds) this.stop("longest");
      }, TICK_MS);
      this.ended.then(() => clearInterval(clock));
    });
    this.ended.then(() => this.#holds.forEach((go) => go()));
  }

  /** End it; whoever was interrupted gets no tail. */
  stop(why = "none") {
    this.#end(why);
  }

  /** What is known of the take once it began. */
  get facts() {
    return { id: this.id, ...this.#recording.facts };
  }

  /** The take, once it has ended; `isSilent` where nothing of it is as loud as a voice. */
  async take() {
    const why = await this.ended;
    const take = await this.#recording.stop(["none", "longest"].includes(why) ? {} : { tail: 0 });
    const loudest = this.#loudest();
    const isSilent = loudest !== null && hintFor(loudest) === "silent";
    return { id: this.id, ...take, isSilent, capture: { ...take.capture, endedBy: why === "none" ? "speaker" : why } };
  }
}

/** Whatever this page plays would be in the take too: nothing cancels echoes here. */
export function hushPage() {
  for (const player of document.querySelectorAll("audio, video")) player.pause();
}

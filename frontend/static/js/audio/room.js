// How quiet a room is: the level of the microphone while nobody speaks.

import { follow, rmsDbfs } from "audio/meter";

const SILENCE_MS = 2000;
// The click of the button that began it is no noise of the room.
const CLICK_MS = 400;
const LOWEST_DBFS = -100;
// Speech at arm's length lies near -30 dBFS: 30 dB above the room is clean, 15 dB is what hides a whisper.
const QUIET_DBFS = -60;
const NOISY_DBFS = -45;

/** The room's level in dBFS, while its people are silent for two seconds: the median, so that one bang does not count. */
export async function listenToRoom(stream) {
  const levels = [];
  const beganAt = performance.now();
  const unfollow = follow(stream, (samples) => {
    if (performance.now() - beganAt > CLICK_MS) levels.push(rmsDbfs(samples, LOWEST_DBFS));
  });
  await new Promise((go) => setTimeout(go, SILENCE_MS));
  unfollow();
  return levels.sort((one, other) => one - other)[Math.floor(levels.length / 2)] ?? LOWEST_DBFS;
}

/** What to call such a room: "quiet", "some" or "noisy". */
export function roomFor(level) {
  if (level < QUIET_DBFS) return "quiet";
  return level < NOISY_DBFS ? "some" : "noisy";
}

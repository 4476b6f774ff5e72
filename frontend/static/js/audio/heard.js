// Whether a sound was really heard, and not skipped.

const LEAST = 0.95;

/** Whether nearly all of it was played, in however many pieces. */
export function isHeard(player) {
  const { played, duration } = player;
  if (!(duration > 0)) return true;
  let seconds = 0;
  for (let piece = 0; piece < played.length; piece += 1) seconds += played.end(piece) - played.start(piece);
  return seconds >= LEAST * duration;
}

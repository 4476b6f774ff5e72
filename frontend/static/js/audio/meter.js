// Levels in dBFS, from samples between -1 and 1.

export const FLOOR_DBFS = -72;
const EVERY_MS = 40;
// A window longer than the pause between two looks, so that no sample is missed when a look comes late.
const WINDOW_SECONDS = 0.08;

let context = null;

/** A ratio as a level. */
export function dbfs(ratio, floor = FLOOR_DBFS) {
  return ratio > 0 ? Math.max(floor, 20 * Math.log10(ratio)) : floor;
}

/** The greatest sample's level. */
export function peakDbfs(samples) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return dbfs(peak);
}

/** The level of the whole. */
export function rmsDbfs(samples, floor) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return dbfs(Math.sqrt(sum / samples.length), floor);
}

/** What to tell somebody whose loudest moment of the last seconds was this; the server's rules use the same numbers. */
export function hintFor(level) {
  if (level < -50) return "silent";
  if (level < -32) return "quiet";
  return level > -1 ? "loud" : "good";
}

/** The one sound context of the page: phones lend few. It may begin only after somebody has touched the page. */
export function soundContext() {
  context ??= new AudioContext();
  if (context.state === "running") return context;
  const resume = () => context.resume().catch(() => {});
  for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, resume, { once: true });
  resume();
  return context;
}

/** Calls `hear` with the samples of each new window of the stream; returns how to stop. */
export function follow(stream, hear) {
  const sound = soundContext();
  const analyser = sound.createAnalyser();
  analyser.fftSize = 2 ** Math.ceil(Math.log2(WINDOW_SECONDS * sound.sampleRate));
  const source = sound.createMediaStreamSource(stream);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (sound.state !== "running") return;
    analyser.getFloatTimeDomainData(samples);
    hear(samples);
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    source.disconnect();
  };
}

/** Listens for the loudest moment; returns how to stop, which tells its level, or null where no sound could be looked at. */
export function listenForLoudest(stream) {
  let loudest = null;
  const unfollow = follow(stream, (samples) => (loudest = Math.max(loudest ?? FLOOR_DBFS, peakDbfs(samples))));
  return () => {
    unfollow();
    return loudest;
  };
}

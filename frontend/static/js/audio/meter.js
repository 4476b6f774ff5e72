// Levels in dBFS, from samples between -1 and 1.

export const FLOOR_DBFS = -72;

/** The greatest sample's level. */
export function peakDbfs(samples) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak > 0 ? Math.max(FLOOR_DBFS, 20 * Math.log10(peak)) : FLOOR_DBFS;
}

/** What to tell somebody whose loudest moment of the last seconds was this; the server's rules use the same numbers. */
export function hintFor(dbfs) {
  if (dbfs < -50) return "silent";
  if (dbfs < -32) return "quiet";
  return dbfs > -1 ? "loud" : "good";
}

/** Calls `hear` with the peak of each new window of the stream; returns how to stop. */
export function follow(stream, hear) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  // Half of our readers' eyes want no motion: for them the bar moves twice a second.
  const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 500 : 40;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    hear(peakDbfs(samples));
  }, pause);
  return () => {
    clearInterval(timer);
    context.close();
  };
}

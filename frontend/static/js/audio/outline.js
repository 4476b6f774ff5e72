// The outline of a sound, drawn by hand on a canvas.

import { soundContext } from "audio/meter";

const BAR_PX = 3;
const GAP_PX = 2;

/** How many bars have room on the canvas. */
export function barsOf(canvas) {
  return Math.max(1, Math.floor(canvas.clientWidth / (BAR_PX + GAP_PX)));
}

/** The greatest sample of each of `count` equal parts, between 0 and 1; rejects where the browser cannot read the bytes. */
export async function outlineOf(bytes, count) {
  // It takes the bytes away from their owner: give it a copy.
  const sound = await soundContext().decodeAudioData(bytes.slice(0));
  const samples = sound.getChannelData(0);
  const step = Math.max(1, Math.floor(samples.length / count));
  return Array.from({ length: count }, (_, place) => greatest(samples.subarray(place * step, (place + 1) * step)));
}

/** The greatest of the samples, whatever its sign. */
export function greatest(samples) {
  let most = 0;
  for (const sample of samples) most = Math.max(most, Math.abs(sample));
  return most;
}

/** Draw the outline from the left edge on, the part that was played in full colour; silence is a thin line. */
export function draw(canvas, outline, { played = 1 } = {}) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const sharpness = devicePixelRatio || 1;
  // Setting its size also empties it.
  [canvas.width, canvas.height] = [Math.round(width * sharpness), Math.round(height * sharpness)];
  const pen = canvas.getContext("2d");
  pen.scale(sharpness, sharpness);
  pen.fillStyle = getComputedStyle(canvas).color;
  outline.forEach((part, place) => {
    const tall = Math.max(2, Math.sqrt(part) * height);
    pen.globalAlpha = (place + 0.5) / outline.length <= played ? 1 : 0.4;
    pen.fillRect(place * (BAR_PX + GAP_PX), (height - tall) / 2, BAR_PX, tall);
  });
}

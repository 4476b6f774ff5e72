// Three seconds to try a microphone with, after two of silence: what is fine, and what could be better.

import { FLOOR_DBFS, hintFor, listenForLoudest } from "audio/meter";
import { processingOf } from "audio/microphone";
import { Recording } from "audio/recording";
import { listenToRoom, roomFor } from "audio/room";

const TEST_MS = 3000;
// A headset on Bluetooth's telephone channel sends no more than this; half of what tells feelings apart is above it.
const NARROW_HZ = 24_000;
const FINE = ["good", "quiet-room", "off", "wide"];

/** Listens to the room, then calls `speak` and records; resolves with the sound and with what was found. */
export async function tryOut(stream, { speak }) {
  const floor = await listenToRoom(stream);
  speak();
  const stop = listenForLoudest(stream);
  const { bytes, mediaType } = await new Recording(stream).stop({ tail: TEST_MS });
  const loudest = stop() ?? FLOOR_DBFS;
  const findings = findingsOf({ loudest, floor, settings: stream.getAudioTracks()[0].getSettings() });
  return { sound: new Blob([bytes], { type: mediaType }), findings };
}

/** What was found about voice, room, processing and line: a word for each, a level where there is one. */
export function findingsOf({ loudest, floor, settings }) {
  const found = {
    voice: { is: hintFor(loudest), dbfs: loudest },
    room: { is: `${roomFor(floor)}-room`, dbfs: floor },
    processing: { is: processingOf(settings) },
    line: { is: settings.sampleRate <= NARROW_HZ ? "narrow" : "wide" },
  };
  for (const finding of Object.values(found)) finding.isFine = FINE.includes(finding.is);
  return found;
}

// Which microphone to open, and what to say when it is not the expected one.

import { microphones, obstacle, openMicrophone, problemOf } from "audio/microphone";
import { isRemembered, lastOf, remember, remembered } from "audio/remembered";

/**
 * Opens that microphone, or else the one of the last time, or else the system's own. Resolves with
 * `{ stream, isChecked, isAnother }`, or with `{ problem, error }` where there is none.
 */
export async function open(deviceId) {
  const problem = obstacle();
  if (problem) return { problem };
  try {
    const stream = await openMicrophone(deviceId ?? lastOf(await microphones()));
    const isAnother = deviceId === undefined && remembered().label !== undefined && !isRemembered(stream);
    remember(stream);
    return { stream, isAnother, isChecked: isChecked() };
  } catch (error) {
    return { problem: await problemOf(error), error };
  }
}

/** Whether the remembered microphone passed the check on this device. */
export function isChecked() {
  return remembered().checkedAt !== undefined;
}

/** The microphones to choose among, as options of a select. */
export async function choices(stream) {
  const current = stream.getAudioTracks()[0].getSettings().deviceId;
  return (await microphones()).map(({ label, deviceId }) => new Option(label, deviceId, false, deviceId === current));
}

// What this device remembers of its microphone: which one was chosen, and that it passed the check. It never leaves here.

const KEY = "open-empathic-microphone";

/** What is remembered: `{ deviceId, label, checkedAt }`, or an empty object. */
export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Remember the stream's microphone, and when it was checked; another microphone must be checked anew. */
export function remember(stream, { isChecked = false } = {}) {
  const { deviceId, label } = facts(stream);
  const checkedAt = isChecked ? Date.now() : isRemembered(stream) ? remembered().checkedAt : undefined;
  try {
    localStorage.setItem(KEY, JSON.stringify({ deviceId, label, checkedAt }));
  } catch {
    // A private window remembers nothing: the check is done at each visit.
  }
}

/** The id that the microphone of the last time has today, among those that are there; nothing if it is not. */
export function lastOf(devices) {
  const { deviceId, label } = remembered();
  const named = devices.filter((device) => device.label === label);
  return (named.find((device) => device.deviceId === deviceId) ?? named[0])?.deviceId;
}

/** Whether this is the microphone of the last time. Some browsers give it another id at each visit, and the same name. */
export function isRemembered(stream) {
  const { deviceId, label } = facts(stream);
  const last = remembered();
  return last.label === label && (last.deviceId === deviceId || deviceId !== "default");
}

function facts(stream) {
  const [track] = stream.getAudioTracks();
  return { deviceId: track.getSettings().deviceId ?? "", label: track.label };
}

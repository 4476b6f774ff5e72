// Opening the microphone as it is: a browser that "improves" the sound flattens how strongly somebody feels.

const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 1 } };
const TOLD_APART = ["NotAllowedError", "NotFoundError", "NotReadableError"];

/** Why this browser cannot record at all, or null where it can. */
export function obstacle() {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) return "insecure";
  if (!window.MediaRecorder) return "no-recorder";
  return null;
}

/** A stream of the microphone, or of that one, with the browser's processing off; rejects with what getUserMedia says. */
export function openMicrophone(deviceId) {
  const chosen = deviceId ? { deviceId: { exact: deviceId } } : {};
  return navigator.mediaDevices.getUserMedia({ audio: { ...AS_IT_IS, ...chosen }, video: false });
}

/** The microphones that the browser names; it does so only once one was opened. */
export async function microphones() {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.filter((device) => device.kind === "audioinput" && device.label);
}

/** Which of our explanations fits the error. */
export function problemOf(error) {
  if (error.name === "SecurityError") return "NotAllowedError";
  return TOLD_APART.includes(error.name) ? error.name : "other";
}

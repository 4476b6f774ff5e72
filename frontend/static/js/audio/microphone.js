// Opening the microphone as it is: a browser that "improves" the sound flattens how strongly somebody feels.

const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const AS_IT_IS = { ...Object.fromEntries(PROCESSING.map((name) => [name, false])), channelCount: { ideal: 1 } };
// What getUserMedia calls a failure, and the page of help that tells of it.
const PROBLEMS = {
  SecurityError: "denied",
  NotFoundError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "absent",
};

/** Why this browser cannot record at all, or null where it can. */
export function obstacle() {
  if (!window.isSecureContext) return "insecure";
  return navigator.mediaDevices?.getUserMedia && window.MediaRecorder ? null : "unsupported";
}

/** A stream of the microphone, or of that one, with the browser's processing off; rejects with what getUserMedia says. */
export function openMicrophone(deviceId) {
  const chosen = deviceId ? { deviceId: { exact: deviceId } } : {};
  return navigator.mediaDevices.getUserMedia({ audio: { ...AS_IT_IS, ...chosen }, video: false });
}

/** The microphones that the browser names; it does so only where it may be used. */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  return devices.filter((device) => device.kind === "audioinput" && device.label);
}

/** "granted", "denied" or "prompt"; "unknown" where the browser does not say. */
export async function permission() {
  try {
    return (await navigator.permissions.query({ name: "microphone" })).state;
  } catch {
    return "unknown";
  }
}

/** Which of our explanations fits the error. */
export async function problemOf({ name, message }) {
  if (name !== "NotAllowedError") return PROBLEMS[name] ?? "other";
  if (/system/i.test(message)) return "system";
  return /dismiss/i.test(message) || (await permission()) === "prompt" ? "dismissed" : "denied";
}

/** Whether the sound comes as it is: "off", "on" where the browser processes it all the same, "unknown" where it hides that. */
export function processingOf(settings) {
  const told = PROCESSING.map((name) => settings[name]);
  if (settings.voiceIsolation === true || told.some((is) => is !== false && is !== undefined)) return "on";
  return told.includes(undefined) ? "unknown" : "off";
}

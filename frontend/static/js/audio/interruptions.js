// What ends a take before its speaker does: the microphone goes, the system mutes it, the page is left, the sound is rerouted.

import { microphones } from "audio/microphone";

/** Calls `tell` at most once, with "lost", "muted", "hidden" or "switched"; returns how to stop watching. */
export function watch(stream, tell) {
  const [track] = stream.getAudioTracks();
  const watching = new AbortController();
  const once = (why) => {
    if (watching.signal.aborted) return;
    watching.abort();
    tell(why);
  };
  const on = (target, name, listener) => target.addEventListener(name, listener, { signal: watching.signal });
  on(track, "ended", () => once("lost"));
  // A phone call and the system's own switch both mute the track.
  on(track, "mute", () => once("muted"));
  on(document, "visibilitychange", () => document.hidden && once("hidden"));
  on(window, "pagehide", () => once("hidden"));
  watchRoute(track, on, () => once("switched"));
  if (track.readyState === "ended") queueMicrotask(() => once("lost"));
  return () => watching.abort();
}

/** A Bluetooth headset that comes or goes can take over a stream without a word: its facts then change. */
async function watchRoute(track, on, tell) {
  const before = await route(track);
  on(navigator.mediaDevices, "devicechange", async () => {
    if ((await route(track)) !== before) tell();
  });
}

async function route(track) {
  const { deviceId, sampleRate } = track.getSettings();
  const used = (await microphones()).find((device) => device.deviceId === deviceId);
  // The entry called "default" names in its label and group the device that it stands for.
  return JSON.stringify([track.label, deviceId, sampleRate, used?.label, used?.groupId]);
}

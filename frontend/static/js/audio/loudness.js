// A player made louder or softer than its file, which the player's own volume cannot do upwards.

import { soundContext } from "audio/meter";

/** Play through a gain of so much; what is returned switches to the sound as it was recorded and back. */
export function levelled(player, gain) {
  const sound = soundContext();
  const valve = sound.createGain();
  valve.gain.value = gain;
  sound.createMediaElementSource(player).connect(valve).connect(sound.destination);
  // Made before anybody touched the page, the context waits; a press of the player's own button is a touch as well.
  player.addEventListener("play", () => sound.resume());
  return (isRaw) => (valve.gain.value = isRaw ? 1 : gain);
}

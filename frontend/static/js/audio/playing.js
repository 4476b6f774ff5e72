// Players, and what they do not know of a sound that was written piece by piece.

const LOOKING_MS = 1000;

/** Resolves once the player knows its sound, or knows that it cannot play it, or soon. */
export async function loaded(player) {
  await soon(Promise.race([once(player, "loadedmetadata"), once(player, "error")]));
  await findLength(player);
}

/** Have the player find out how long its sound is: WebM from a recorder tells it only to whoever looks for its end. */
async function findLength(player) {
  if (player.duration !== Infinity) return;
  const found = once(player, "durationchange");
  player.currentTime = Number.MAX_SAFE_INTEGER;
  await soon(found);
  const back = once(player, "seeked");
  player.currentTime = 0;
  await soon(back);
}

function soon(promise) {
  return Promise.race([promise, new Promise((go) => setTimeout(go, LOOKING_MS))]);
}

function once(target, name) {
  return new Promise((go) => target.addEventListener(name, go, { once: true }));
}

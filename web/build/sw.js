// Keeps the page itself, so that it opens where the server cannot be reached, and says so there. Never any data.
// The build writes `build` in front: a name that changes with the files, and the files.
/* global build */

/** Places in the page: the start page is what is served for each. */
const PLACES = /^\/($|friends$|dm\/|channels\/)/;
/** A server that takes longer is not reached. */
const PATIENCE_MS = 5_000;

self.addEventListener('install', (event) => {
	event.waitUntil(caches.open(build.name).then((cache) => cache.addAll(['/', ...build.files])));
});

// A worker takes over when no page of the build before is open: those load their parts from what was kept for them.
self.addEventListener('activate', (event) => {
	event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
	const { request } = event;
	const { origin, pathname } = new URL(request.url);
	if (request.method !== 'GET' || origin !== self.location.origin) return;
	if (request.mode === 'navigate' && PLACES.test(pathname)) event.respondWith(page(request));
	else if (build.files.includes(pathname)) event.respondWith(kept(pathname, () => fetch(request)));
});

async function dropOthers() {
	const names = await caches.keys();
	await Promise.all(names.filter((name) => name.startsWith('decentra-') && name !== build.name).map((name) => caches.delete(name)));
}

async function kept(path, otherwise) {
	const cache = await caches.open(build.name);
	return (await cache.match(path)) ?? otherwise();
}

async function page(request) {
	try {
		const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
		// A proxy answers for a server that is not there.
		return response.status < 500 ? response : await kept('/', () => response);
	} catch {
		return kept('/', () => Response.error());
	}
}

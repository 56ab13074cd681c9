import type { SocketLike } from './connection';

/** The browser's WebSocket at `/ws` of the page's own host. */
export function openBrowserSocket(): SocketLike {
	const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
	const like: SocketLike = {
		onopen: null,
		onmessage: null,
		onclose: null,
		send: (data) => {
			socket.send(data);
		},
		close: (code) => {
			socket.close(code);
		},
	};
	socket.onopen = () => like.onopen?.();
	socket.onmessage = (event: MessageEvent<unknown>) => like.onmessage?.(event);
	socket.onclose = (event) => like.onclose?.(event);
	return like;
}

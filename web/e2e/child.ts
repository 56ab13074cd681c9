import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** In milliseconds; it may be containers, on a machine that has more to do. */
const START_PATIENCE = 120_000;

/** A process that is stopped, killed and started again with the same arguments. */
export class Child {
	readonly #command: string;
	readonly #args: readonly string[];
	readonly #ready: string;
	#process: ChildProcess | null = null;
	#output = '';

	/** It is ready when that address answers. */
	constructor(command: string, args: readonly string[], ready: string) {
		this.#command = command;
		this.#args = args;
		this.#ready = ready;
	}

	/** Starts it, and waits until it is ready. */
	async start(): Promise<void> {
		const child = spawn(this.#command, this.#args, { stdio: ['ignore', 'pipe', 'pipe'] });
		this.#process = child;
		const keep = (chunk: Buffer): void => {
			this.#output = (this.#output + chunk.toString()).slice(-20_000);
		};
		child.stdout.on('data', keep);
		child.stderr.on('data', keep);
		let failed: Error | null = null;
		const over = new AbortController();
		child.on('error', (error) => {
			failed = error;
			over.abort();
		});
		// Its address may be somebody else's, who need not answer.
		child.on('close', () => {
			over.abort();
		});
		for (const deadline = Date.now() + START_PATIENCE; !over.signal.aborted && Date.now() < deadline; ) {
			try {
				if ((await fetch(this.#ready, { signal: over.signal })).ok) return;
			} catch {
				// Not yet.
			}
			await new Promise((done) => setTimeout(done, 50));
		}
		throw new Error(`${this.#command} did not get ready: ${String(failed ?? '')}\n${this.#output}`);
	}

	/** Asks it to end, and waits until it has. */
	async stop(): Promise<void> {
		await this.#end('SIGTERM');
	}

	/** Ends it without a word, and waits until it has ended. */
	async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
		await this.#end(signal);
	}

	async #end(signal: NodeJS.Signals): Promise<void> {
		const child = this.#process;
		this.#process = null;
		if (child === null || child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, 'exit');
		child.kill(signal);
		const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
		await ended;
		clearTimeout(timer);
	}
}

/** Starts something on free ports, and on others when somebody else was faster to take one. */
export async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
	for (let left = 3; ; left--) {
		try {
			return await start();
		} catch (error) {
			if (left === 0 || !String(error).includes('address already in use')) throw error;
		}
	}
}

/** A port that no outgoing connection takes while what listens there is away: below those that systems give to them. */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = 15_000 + Math.floor(Math.random() * 17_000);
		const server = createServer();
		const free = await new Promise<boolean>((resolve) => {
			server.once('error', () => {
				resolve(false);
			});
			server.listen(port, '127.0.0.1', () => {
				resolve(true);
			});
		});
		if (!free) continue;
		server.close();
		await once(server, 'close');
		return port;
	}
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** In milliseconds; it may be containers, on a machine that has more to do. */
const START_PATIENCE = 120_000;

/** The real program, on a free port with a data directory of its own. */
export class Program {
	readonly url: string;
	readonly #port: number;
	readonly #data: string;
	readonly #flags: readonly string[];
	#process: ChildProcess | null = null;
	#output = '';

	private constructor(port: number, data: string, flags: readonly string[]) {
		this.#port = port;
		this.#data = data;
		this.#flags = flags;
		this.url = `http://localhost:${String(port)}`;
	}

	static async start(...flags: string[]): Promise<Program> {
		const data = await mkdtemp(join(tmpdir(), 'decentra-e2e-'));
		const program = new Program(await freePort(), data, flags);
		await program.start();
		return program;
	}

	/** Starts it again: same port, same data. */
	async start(): Promise<void> {
		const binary = resolve(process.env['DECENTRA_BIN'] || '../bin/decentra');
		const listen = `127.0.0.1:${String(this.#port)}`;
		const child = spawn(binary, ['--listen', listen, '--data', this.#data, '--bcrypt-cost', '4', ...this.#flags], {
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		this.#process = child;
		const keep = (chunk: Buffer): void => {
			this.#output = (this.#output + chunk.toString()).slice(-20_000);
		};
		child.stdout.on('data', keep);
		child.stderr.on('data', keep);
		let failed: Error | null = null;
		child.on('error', (error) => (failed = error));
		for (const deadline = Date.now() + START_PATIENCE; Date.now() < deadline; ) {
			if (failed !== null || child.exitCode !== null) break;
			try {
				if ((await fetch(`${this.url}/readyz`)).ok) return;
			} catch {
				// Not yet.
			}
			await new Promise((done) => setTimeout(done, 50));
		}
		throw new Error(`the program did not get ready: ${String(failed ?? '')}\n${this.#output}`);
	}

	/** Asks it to end, and waits until it has. */
	async stop(): Promise<void> {
		const child = this.#process;
		this.#process = null;
		if (child === null || child.exitCode !== null) return;
		const ended = once(child, 'exit');
		child.kill('SIGTERM');
		const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
		await ended;
		clearTimeout(timer);
	}

	/** Ends it without a word (SIGKILL), and waits until it has ended. */
	async kill(): Promise<void> {
		const child = this.#process;
		this.#process = null;
		if (child === null || child.exitCode !== null) return;
		const ended = once(child, 'exit');
		// What stands for containers has to hear of it, to kill them.
		child.kill((process.env['DECENTRA_BIN'] ?? '') === '' ? 'SIGKILL' : 'SIGUSR1');
		await ended;
	}

	async remove(): Promise<void> {
		await this.stop();
		await rm(this.#data, { recursive: true, force: true });
	}
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	if (address === null || typeof address === 'string') throw new Error('no port');
	return address.port;
}

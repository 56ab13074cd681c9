import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Child, freePort, onFreePorts } from './child';

const standIn = process.env['DECENTRA_BIN'] ?? '';

/** The real program, on a free port with a data directory of its own. */
export class Program {
	readonly url: string;
	readonly #data: string;
	readonly #child: Child;

	private constructor(port: number, data: string, flags: readonly string[]) {
		this.#data = data;
		this.url = `http://localhost:${String(port)}`;
		const args = ['--listen', `127.0.0.1:${String(port)}`, '--data', data, '--bcrypt-cost', '4', ...flags];
		this.#child = new Child(resolve(standIn || '../bin/decentra'), args, `${this.url}/readyz`);
	}

	static async start(...flags: string[]): Promise<Program> {
		const data = await mkdtemp(join(tmpdir(), 'decentra-e2e-'));
		return onFreePorts(async () => {
			const program = new Program(await freePort(), data, flags);
			await program.start();
			return program;
		});
	}

	/** Starts it again: same port, same data. */
	async start(): Promise<void> {
		await this.#child.start();
	}

	/** Asks it to end, and waits until it has. */
	async stop(): Promise<void> {
		await this.#child.stop();
	}

	/** Ends it without a word (SIGKILL), and waits until it has ended. */
	async kill(): Promise<void> {
		// What stands for containers has to hear of it, to kill them.
		await this.#child.kill(standIn === '' ? 'SIGKILL' : 'SIGUSR1');
	}

	async remove(): Promise<void> {
		await this.stop();
		await rm(this.#data, { recursive: true, force: true });
	}
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Child, freePort, onFreePorts } from './child';

const run = promisify(execFile);
const bin = resolve('../bin');

export interface ProcessesOptions {
	readonly gateways?: number;
	/** For every service. */
	readonly flags?: readonly string[];
}

/** Decentra as processes of their own on free ports: NATS, four services, and gateways from `gateway-1` on. */
export class Processes {
	/** Of each gateway. */
	readonly urls: readonly string[];
	readonly #data: string;
	readonly #children: ReadonlyMap<string, Child>;

	private constructor(urls: readonly string[], data: string, children: ReadonlyMap<string, Child>) {
		this.urls = urls;
		this.#data = data;
		this.#children = children;
	}

	static async start(options: ProcessesOptions = {}): Promise<Processes> {
		// The server that the services embed, as a program.
		await run('go', ['build', '-o', join(bin, 'nats-server'), 'github.com/nats-io/nats-server/v2'], { cwd: '../e2e' });
		return onFreePorts(() => Processes.#start(options));
	}

	static async #start({ gateways = 1, flags = [] }: ProcessesOptions): Promise<Processes> {
		const data = await mkdtemp(join(tmpdir(), 'decentra-e2e-'));
		await run(join(bin, 'decentra'), ['init', '--data', data]);
		const [natsPort, natsStatus] = [String(await freePort()), String(await freePort())];
		const children = new Map([
			[
				'nats',
				new Child(
					join(bin, 'nats-server'),
					['--config', join(data, 'nats', 'nats.conf'), '--addr', '127.0.0.1', '--port', natsPort, '--http_port', natsStatus],
					`http://127.0.0.1:${natsStatus}/healthz`,
				),
			],
		]);
		const add = async (name: string, service: string, ...more: string[]): Promise<void> => {
			const status = `127.0.0.1:${String(await freePort())}`;
			const home = join(data, service);
			const nats = ['--nats', `nats://127.0.0.1:${natsPort}`, '--nats-credentials', join(home, 'nats.key')];
			children.set(name, new Child(join(bin, service), [...nats, '--data', home, '--status', status, '--bcrypt-cost', '4', ...flags, ...more], `http://${status}/readyz`));
		};
		for (const service of ['auth', 'chat', 'social', 'voice-signal']) await add(service, service);
		const urls: string[] = [];
		for (let at = 1; at <= gateways; at++) {
			const port = String(await freePort());
			await add(`gateway-${String(at)}`, 'gateway', '--listen', `127.0.0.1:${port}`);
			urls.push(`http://localhost:${port}`);
		}
		const all = new Processes(urls, data, children);
		try {
			await Promise.all([...children.keys()].map((name) => all.start(name)));
		} catch (error) {
			await all.remove();
			throw error;
		}
		return all;
	}

	/** Starts one that was killed, and waits until it is ready. */
	async start(name: string): Promise<void> {
		await this.#child(name).start();
	}

	/** Ends one with SIGKILL. */
	async kill(name: string): Promise<void> {
		await this.#child(name).kill();
	}

	async remove(): Promise<void> {
		for (const name of [...this.#children.keys()].reverse()) await this.#child(name).stop();
		await rm(this.#data, { recursive: true, force: true });
	}

	#child(name: string): Child {
		const child = this.#children.get(name);
		if (child === undefined) throw new Error(`no process ${name}`);
		return child;
	}
}

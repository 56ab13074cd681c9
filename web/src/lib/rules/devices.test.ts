import { expect, test } from 'vitest';
import { deviceName } from './devices';
import { square } from './pictures';

const on = (browser: string, system: string): string => `${browser} on ${system}`;

test.each([
	['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
	['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0', 'Edge on Windows'],
	['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1', 'Safari on iPhone'],
	['Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
	['Python/3.11 websockets/12.0', 'Python'],
	['', null],
])('%s', (agent, name) => {
	expect(deviceName(agent, on)).toBe(name);
});

test('a picture is cut to its middle and never enlarged', () => {
	expect(square(1600, 900, 512)).toEqual({ x: 350, y: 0, from: 900, to: 512 });
	expect(square(40, 100, 512)).toEqual({ x: 0, y: 30, from: 40, to: 40 });
});

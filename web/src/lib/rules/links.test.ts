import { expect, test } from 'vitest';
import { linkify } from './links';

const sketch = (text: string): string =>
	linkify(text)
		.map((part) => (part.href === undefined ? part.text : `[${part.text}]`))
		.join('');

test.each([
	['no link', 'hello', 'hello'],
	['nothing', '', ''],
	['http and https', 'http://a.example https://b.example/x?y=1#z', '[http://a.example] [https://b.example/x?y=1#z]'],
	['the full stop ends the sentence', 'see https://a.example/b.', 'see [https://a.example/b].'],
	['brackets around', '(https://a.example/b)', '([https://a.example/b])'],
	['brackets inside', 'https://a.example/b_(c)', '[https://a.example/b_(c)]'],
	['a port and a path', 'http://localhost:8765/#invite=AB12CD34', '[http://localhost:8765/#invite=AB12CD34]'],
	['javascript is no link', 'javascript:alert(1)', 'javascript:alert(1)'],
	['data is no link', 'data:text/html,<script>alert(1)</script>', 'data:text/html,<script>alert(1)</script>'],
	['markup ends the address', 'https://a.example"><img src=x onerror=alert(1)>', '[https://a.example]"><img src=x onerror=alert(1)>'],
	['a direction mark ends the address', 'https://a.example/\u202Egnp.exe', '[https://a.example/]\u202Egnp.exe'],
	['no host, no link', 'https://', 'https://'],
	['not within a word', 'xhttps://a.example', 'xhttps://a.example'],
	['lines are kept', 'a\nhttps://a.example\nb', 'a\n[https://a.example]\nb'],
])('%s', (_name, text, wanted) => {
	expect(sketch(text)).toBe(wanted);
	expect(linkify(text).map((part) => part.text).join('')).toBe(text);
});

test('a very long text is cut quickly', () => {
	const start = performance.now();
	linkify('https://a.example/' + '('.repeat(50_000) + ')'.repeat(2_000));
	expect(performance.now() - start).toBeLessThan(2_000);
});

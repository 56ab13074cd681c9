/** Pictures of people are no larger than this, in pixels, when they are sent. */
export const PICTURE_SIDE = 512;

/** The part of a picture that is shown in a circle: the largest square around its middle, and the side it is drawn with. */
export function square(width: number, height: number, most: number): { x: number; y: number; from: number; to: number } {
	const from = Math.min(width, height);
	return { x: Math.round((width - from) / 2), y: Math.round((height - from) / 2), from, to: Math.max(1, Math.min(from, most)) };
}

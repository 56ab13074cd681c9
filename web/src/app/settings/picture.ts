import { PICTURE_SIDE, square } from '../../lib/rules/pictures';

/** A file as a data URL of a small square picture. Rejects when the browser can't read it. */
export async function smallPicture(file: File): Promise<string> {
	const bitmap = await createImageBitmap(file);
	try {
		const { x, y, from, to } = square(bitmap.width, bitmap.height, PICTURE_SIDE);
		const canvas = document.createElement('canvas');
		canvas.width = canvas.height = to;
		const context = canvas.getContext('2d');
		if (context === null) throw new Error('no canvas');
		context.imageSmoothingQuality = 'high';
		context.drawImage(bitmap, x, y, from, from, 0, 0, to, to);
		// Where there is no WebP this is a PNG.
		return canvas.toDataURL('image/webp', 0.9);
	} finally {
		bitmap.close();
	}
}

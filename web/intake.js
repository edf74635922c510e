// Files the visitor hands over: dropped and pasted (drops.js) or chosen. They are read here and go to the
// worker, nowhere else.

import { phrase } from './words.js';

/**
 * More than this, in all files of one drop, is neither a crop nor a field; refused before it is read into
 * memory.
 */
const LARGEST = 256e6;
const MOST_FILES = 16;

/** Files that hold a compound's structure, and the most bytes of one. */
const STRUCTURE = /\.(smi|smiles|mol|sdf)$/i;
const LARGEST_STRUCTURE = 1e6;

/**
 * The text of a dropped file that holds a compound's structure; null where the files are images.
 * @param {File[]} files
 * @throws {Error} one sentence that names the file
 */
export async function structureIn(files) {
  const file = files.find(({ name }) => STRUCTURE.test(name));
  if (!file) return null;
  if (files.length > 1) {
    throw new Error(phrase('intake.other_files_once_expected', { name: file.name }));
  }
  if (file.size > LARGEST_STRUCTURE) {
    const [size, most] = [file.size, LARGEST_STRUCTURE].map((bytes) => (bytes / 1e6).toFixed(0));
    throw new Error(phrase('intake.mb_expected_one_structure', { name: file.name, size, most }));
  }
  try {
    return { name: file.name, text: await file.text() };
  } catch {
    throw new Error(phrase('shared.could_not_read_may', { name: file.name }));
  }
}

/**
 * Reads files into memory.
 * @param {File[]} files
 * @returns {Promise<{ name: string, bytes: ArrayBuffer }[]>}
 * @throws {Error} one sentence that names the file
 */
export async function read(files) {
  if (files.length > MOST_FILES) {
    throw new Error(phrase('intake.files_once_expected_most', { length: files.length, most: MOST_FILES }));
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > LARGEST) {
    const what = files.length === 1 ? phrase('intake.is', {
      name: files[0].name,
    }) : phrase('intake.files_together', { length: files.length });
    throw new Error(
      phrase('intake.mb_expected_most_mb', {
        what,
        total: (total / 1e6).toFixed(0),
        most: LARGEST / 1e6,
        length: files.length === 1 ? '' : phrase('intake.all_files_one_image'),
      }),
    );
  }
  return Promise.all(files.map(async (file) => {
    try {
      return { name: file.name || phrase('intake.pasted_image'), bytes: await file.arrayBuffer() };
    } catch {
      throw new Error(
        phrase('shared.could_not_read_may', { name: file.name || phrase('intake.pasted_image_2') }),
      );
    }
  }));
}

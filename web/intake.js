// Files the visitor hands over: dropped and pasted (drops.js) or chosen. They are read here and go to the
// worker, nowhere else.

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
    throw new Error(`${file.name} and other files at once; expected one structure, or images alone.`);
  }
  if (file.size > LARGEST_STRUCTURE) {
    const [size, most] = [file.size, LARGEST_STRUCTURE].map((bytes) => (bytes / 1e6).toFixed(0));
    throw new Error(`${file.name} is ${size} MB; expected one structure of at most ${most} MB.`);
  }
  try {
    return { name: file.name, text: await file.text() };
  } catch {
    throw new Error(`${file.name} could not be read; it may have been moved, or it is a folder.`);
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
    throw new Error(`${files.length} files at once; expected at most ${MOST_FILES}, one for each channel.`);
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > LARGEST) {
    const what = files.length === 1 ? `${files[0].name} is` : `${files.length} files are together`;
    throw new Error(
      `${what} ${(total / 1e6).toFixed(0)} MB; expected at most ${LARGEST / 1e6} `
        + `MB${files.length === 1 ? '' : ' for all files of one image'}.`,
    );
  }
  return Promise.all(files.map(async (file) => {
    try {
      return { name: file.name || 'pasted image', bytes: await file.arrayBuffer() };
    } catch {
      throw new Error(
        `${file.name || 'The pasted image'} could not be read; it may have been moved, or it is a folder.`,
      );
    }
  }));
}

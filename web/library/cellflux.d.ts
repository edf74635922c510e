/**
 * CellFlux in the browser: an explorer for a page (`Explorer`), or a model without one (`Session`).
 *
 * Both run the network in a worker, on WebGPU or on the CPU. Nothing is sent anywhere; the bundle is fetched
 * from the address that it is given.
 */

/** How far a model has come, in the words of transformers.js. The weights are one file, `weights`. */
export type ProgressInfo =
  | { status: 'initiate' | 'download' | 'done'; name: string; file: string }
  | {
    status: 'progress'; name: string; file: string;
    /** From 0 to 100. */
    progress: number;
    /** Bytes. */
    loaded: number;
    /** Bytes. */
    total: number;
  }
  | { status: 'ready'; task: 'cellflux'; model: string };

/** `auto` is the fastest here, `wgpu` WebGPU, `candle` the CPU. */
export type EngineName = 'auto' | 'candle' | 'wgpu';

/** Everything that decides a walk. */
export interface Recipe {
  /** The id of the image that the walk starts from, or `noise`, or `upload` for the visitor's own. */
  control: string;
  /** The id of a compound of the bundle; null where a structure was typed. */
  compound: string | null;
  /** The structure that was typed, as SMILES. */
  smiles?: string;
  /** Micromolar. */
  dose?: number;
  direction: 'forward' | 'reverse' | 'return';
  /** `euler`, `midpoint`, `heun2`, `rk4`, or the adaptive `dopri5`. */
  solver: string;
  /** `uniform`, `edm` or `cosine`. */
  grid: string;
  /** From 1 to 1000. */
  steps: number;
  /** Strength of guidance, from 0 to 10; 1 is none. */
  alpha: number;
  /** Standard deviation of the noise that is added to the start, from 0 to 10. */
  noise: number;
  /** Of that noise, a whole number from 0 to 4294967295. */
  seed: number;
  /** Relative tolerance of the adaptive solver. */
  rtol: number;
  /** Absolute tolerance of the adaptive solver. */
  atol: number;
}

/** What may be changed of a recipe; all else stays. */
export type RecipeChange = Partial<Omit<Recipe, 'smiles'>>;

/** A picture, four bytes (red, green, blue, alpha) for each pixel, rows from the top down. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

/** A step of a walk that has been reached. Frame 0 is the start. Pictures after it are generated. */
export interface Frame {
  /** From 0. */
  step: number;
  /** From 0, the control, to 1. */
  time: number;
  /** The image, its channels in the colours of the bundle. */
  picture: Picture;
  /** The image less the start, by channel. */
  difference: Picture;
  /** Root mean square of that difference over all channels, in model range; null where it is not known. */
  change: number | null;
  /** What computed it; null at the start, which nothing computes. */
  engine: 'candle' | 'wgpu' | null;
}

/** What a bundle says of its model. */
export interface Model {
  id: string;
  name: string;
  description: string;
  parameters: number;
  dtype: string;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  channels: string[];
  compounds: {
    id: string;
    name: string;
    /** Of the data, in micromolar. */
    doses: number[];
    control: boolean;
    /** Whether training had any of its cells. */
    seen: boolean;
  }[];
  /** Images that a walk may start from; `synthetic` ones are drawn and not measured. */
  controls: { id: string; condition: string; synthetic: boolean; source: string; licence: string }[];
}

/** What computes. */
export interface Engine {
  engine: 'candle' | 'wgpu';
  /** The processor's or graphics card's name, as far as the browser tells it. */
  adapter: string;
  dtype: string;
  /** Whether a graphics card is only played by the CPU. */
  software: boolean;
}

/** A failure with a sentence for people as its message. */
export class Failure extends Error {
  /** Which kind, for example `bad-link`, `download`, `out-of-memory`. */
  readonly kind: string;
  readonly sentence: string;
}

export interface SessionOptions {
  /** Address of a bundle's manifest.json, relative to the page. */
  src: string | URL;
  /** A recipe to begin with: a link, or its hash. What the bundle recommends where it is left out. */
  link?: string;
  /** `auto` where it is left out. */
  engine?: EngineName;
  /** Hears how far the model has come. */
  progress_callback?: (info: ProgressInfo) => void;
}

/**
 * A model without a page.
 *
 * ```js
 * const session = await Session.open({ src: 'bundle/manifest.json' });
 * await session.change({ compound: 'taxol', steps: 10 });
 * for await (const frame of session.walk()) console.log(frame.time, frame.change);
 * session.close();
 * ```
 */
export class Session {
  private constructor();
  /**
   * Opens a bundle: its manifest and controls, without its weights.
   * @throws {Failure} where it or the link cannot be read
   */
  static open(options: SessionOptions): Promise<Session>;
  readonly model: Model;
  /** A copy; null in a bundle without controls. */
  readonly recipe: Recipe | null;
  /** The recipe as a link's hash, without `#`. The page, the command and `follow` take it. */
  readonly link: string;
  /** The frames reached so far. */
  readonly frames: Frame[];
  /** Whether the walk has reached its end. */
  readonly finished: boolean;
  /** Brings the weights and starts the engine, once. `step` and `walk` do it by themselves. */
  load(): Promise<Engine>;
  /** Changes part of the recipe. Frames that it makes wrong are gone. */
  change(change: RecipeChange): Promise<Recipe>;
  /** Takes the recipe of a link, with or without the address before its `#`. */
  follow(link: string): Promise<Recipe>;
  /** One more step; null at the end. */
  step(): Promise<Frame | null>;
  /** All frames from the start to the end. Those that were reached are not computed again. */
  walk(): AsyncGenerator<Frame, void, void>;
  /** Ends the worker. What is asked of the session afterwards fails. */
  close(): void;
}

export interface ExplorerOptions {
  /** Address of a bundle's manifest.json, relative to the page. */
  src: string | URL;
  /** What is shown first: a link's hash. */
  link?: string;
  /** Parts to leave out. */
  hide?: ('upload' | 'model' | 'measured' | 'measures' | 'compare' | 'settings' | 'keep' | 'about')[];
  /** Address of a list of recorded walks, which stand in for the network until it is there. */
  recorded?: string;
  /**
   * What the explorer's links begin with, where the page's own address is not the explorer's: then it leaves
   * the hash of that alone, and starts when it comes into view.
   */
  address?: string;
  /** Hears how far the model has come; so do listeners of `progress`. */
  progress_callback?: (info: ProgressInfo) => void;
}

/** Events of an explorer. */
export interface ExplorerEvents {
  /** The recipe is another one. */
  recipe: CustomEvent<{ recipe: Recipe | null; link: string }>;
  /** A step was reached. */
  frame: CustomEvent<Frame>;
  progress: CustomEvent<ProgressInfo>;
}

/**
 * The explorer in a page.
 *
 * ```js
 * const explorer = new Explorer('#cells', { src: 'bundle/manifest.json' });
 * explorer.addEventListener('frame', ({ detail }) => console.log(detail.time));
 * ```
 */
export class Explorer extends EventTarget {
  /** Puts an explorer at the end of an element, or of the element with this selector. */
  constructor(host: Element | string, options: ExplorerOptions);
  /** The custom element. */
  readonly element: HTMLElement;
  readonly phase: 'opening' | 'offered' | 'loading' | 'starting' | 'ready' | 'failed';
  /** A copy; null until the bundle is open, and in one without controls. */
  readonly recipe: Recipe | null;
  /** The recipe as a link's hash, without `#`. */
  readonly link: string;
  /** The frames reached so far. */
  readonly frames: Frame[];
  /** Waits until there is a recipe. */
  opened(): Promise<void>;
  /** Waits until the network can be walked. A large model waits for the visitor's word first. */
  ready(): Promise<void>;
  /** Changes part of the recipe. */
  change(change: RecipeChange): Promise<Recipe | null>;
  /** Takes the recipe of a link, with or without the address before its `#`. */
  follow(link: string): Promise<Recipe | null>;
  /** Walks to a step, or to the end, and gives the frames. */
  walk(step?: number): Promise<Frame[]>;
  /** Takes the explorer off the page and ends its worker. */
  remove(): void;
  addEventListener<Name extends keyof ExplorerEvents>(
    type: Name, listener: (event: ExplorerEvents[Name]) => void, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

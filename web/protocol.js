// What the page and its worker say to each other: every call, what it is given and what it answers, and every
// event. What can fail is in failures.js.
//
// The page sends { id, call, args }; the answer is { id, value } or { id, trouble }. On its own the worker
// sends { event, ... }; `here` is its first word.
//
// Calls run one after the other, in the order they came; those of `ASIDE` do not wait. A `step` under way
// gives way to a call that has come since, after the evaluation that it is at, and answers without a step.

/** @import { Kind, Trouble } from './failures.js' */
/** @import { FigureWords, PrintedCharts, PrintedTable } from './printed.js' */

/**
 * Calls that run beside the others: a visitor may choose while the weights come, and stop them, walk while
 * cells are fetched to be measured or counted, and place a crop while the module comes that looks for nuclei.
 * Helpers come and go beside all of it.
 */
export const ASIDE = /** @type {ReadonlySet<string>} */ (
  new Set(['download', 'full', 'cancel', 'cells', 'count_cells', 'nuclei', 'helper', 'leave', 'alone'])
);

// Calls

/**
 * What a call is given and what it answers.
 * @typedef {object} Calls
 * @property {{ args: { src: string, link: string | null, preset: string | null }, answer: Opened }} open
 *   starts over with a bundle,
 *   at a link
 * @property {{ args: Nothing, answer: Nothing }} pictures brings thumbnails and drawings that have not come,
 *   once more
 * @property {{ args: Nothing, answer: { more: boolean } }} download brings weights to walk with: the quick
 *   ones where the bundle has some and the full ones are not kept; `more` where those are still to come
 * @property {{ args: Nothing, answer: Nothing }} full brings the full weights, for the engine started next
 * @property {{ args: Nothing, answer: Exploration }} again walks the recipe in view anew, from its start
 * @property {{ args: Nothing, answer: Nothing }} cancel stops a download
 * @property {{ args: { engine: EngineName }, answer: Started }} engine starts an engine, the first or
 *   another one, at the step reached
 * @property {{ args: { change: Change }, answer: Exploration }} change part of a recipe; restarts only what
 *   it must
 * @property {{ args: { text: string, file: string | null, change: Change }, answer: Exploration & Same }}
 *   type a compound that the visitor has typed, or the structure in a dropped file of this name; with
 *   `change`
 * @property {{ args: { link: string }, answer: Exploration & { at: number | null } }} link the exploration
 *   that a link describes, and the step that it shows
 * @property {{ args: { link: string }, answer: WalkOf }} walk_of a link, at its start; the walk in view stays
 * @property {{ args: { text: string }, answer: Exploration & { at: number | null } }} recipe the exploration
 *   that a recipe's JSON describes, and the step that it shows
 * @property {{ args: { playing: boolean }, answer: Stepped }} step one more solver step; while playing, the
 *   device goes on with the next
 * @property {{ args: { view: View }, answer: Exploration }} show the walk again as this view has it
 * @property {{ args: { step: number, histograms: boolean, panels: boolean }, answer: Look }} look closely at
 *   the start and a step reached: what is asked for is counted or drawn
 * @property {{ args: { map: MapName, step: number, panels: boolean, beside: Beside | null },
 *   answer: DrawnMap }} map of a step reached, drawn as far as its numbers are there
 * @property {{ args: { step: number | null }, answer: Nothing }} effect evaluates what the condition adds to
 *   the velocity at this step while nobody calls, and at no other; null at none
 * @property {{ args: { files: NamedFile[] }, answer: Upload }} decode the visitor's own image
 * @property {{ args: Arrangement & { redraw: boolean }, answer: Arranged }} arrange its channels and crop,
 *   drawn
 * @property {{ args: { key: number, assignment: number[] }, answer: FieldNuclei | null }} nuclei of the
 *   upload with this key, in the plane assigned to the channel that shows nuclei; null where another upload
 *   has come since
 * @property {{ args: Arrangement, answer: Exploration }} use_upload makes the crop the start
 * @property {{ args: { kind: FileKind, step: number, figure: FigureOptions }, answer: KeptFile }} keep a file
 *   to save
 * @property {{ args: KeptBeside, answer: KeptFile }} keep_beside a figure of a grid or of charts
 * @property {{ args: { compound: string | null, start: string | null, dose: number | null },
 *   answer: Cells }} cells what is measured of images, and the bundle's own cells beside a walk: of the
 *   controls and of a compound, by how they lie to the start's batch and to a dose
 * @property {{ args: { ids: string[] }, answer: CellCounts }} count_cells of the gallery: how often their
 *   bytes occur
 * @property {{ args: { id: string }, answer: { picture: Picture } }} cell_picture of the gallery, shown as
 *   the walk in view is
 * @property {{ args: { from: number }, answer: Measured }} measure the steps reached, from one on
 * @property {{ args: { of: SideList, jobs: SideJob[] }, answer: Nothing }} side walks these aside while
 *   nobody calls, and of this list none of those asked for before; what has been walked of one goes on
 * @property {{ args: { id: number, port: MessagePort }, answer: { bytes: number } }} helper takes another
 *   worker's help, which is at the other end of the line; answers when that has the network, with the bytes
 *   of its module's memory
 * @property {{ args: { id: number }, answer: Nothing }} leave does without a helper that has died
 * @property {{ args: { alone: boolean }, answer: Nothing }} alone computes without helpers, as long as the
 *   tab is in the background
 * @property {{ args: { others: WalkRows[] }, answer: KeptFile }} table of the walk in view and of others, as
 *   CSV
 */

/** @typedef {keyof Calls} Call */
/** @template {Call} Name @typedef {Calls[Name]['args']} Args */
/** @template {Call} Name @typedef {Calls[Name]['answer']} Answer */
/**
 * @typedef {{ [Name in Call]: (args: Args<Name>) => Promise<Answer<Name>> }} Answering what answers every
 *   call
 */
/** @typedef {Record<string, never>} Nothing */

// Events

/**
 * What the worker tells without having been asked.
 * @typedef {object} Events
 * @property {Nothing} here it has started
 * @property {{ loaded: number, total: number, secondsLeft?: number }} download bytes of the weights
 * @property {{ doing: string }} starting how far an engine is, in words
 * @property {{ id: string, picture: Picture }} thumbnail of a sample or an example
 * @property {{ id: string, svg: string }} structure the drawing of a compound
 * @property {{ measured: number, remaining: number }} tuned convolutions of the GPU engine, measured for the
 *   next one
 * @property {{ bytes: number | null }} sharing bytes of the module's memory, where the engine that was
 *   started takes the help of other workers; null where it takes none
 * @property {{ id: number }} lost a helper that failed or does not answer
 * @property {{ each: number[] }} workers bytes of memory of each worker, of which the page itself tells
 * @property {SideStep | SideFailure} side a step of a walk aside, or that it cannot go on
 * @property {{ key: number, step: number, failed?: Trouble }} effect what the condition adds at this step of
 *   the walk with this key has been evaluated, or why not
 * @property {{ engine: EngineReport, pace: number | null, tuned: null }} changed another engine walks from
 *   the next step on, or it is known now why none does
 * @property {{ sentence: string, trouble?: Kind }} note what went wrong without stopping anything
 */

/** @typedef {<Name extends keyof Events>(event: Name, detail: Events[Name]) => void} Say */

// What they are about

/** @typedef {{ width: number, height: number, rgba: Uint8ClampedArray }} Picture */
/**
 * A step reached. `change` is the root mean square of the difference over all channels, in model range; a
 * recording made before it was measured has none. `clipped` is what each channel's window cuts off; a
 * recording has none.
 * @typedef {object} Step
 * @property {number} time
 * @property {Picture} now
 * @property {Picture} difference
 * @property {number} [change]
 * @property {Clipped[]} [clipped]
 * @property {StepEngine | null} [engine] that computed it; null at step 0, which none computes
 */
/** @typedef {{ dark: number, bright: number }} Clipped shares of pixels that are cut off at either end */
/** @typedef {'auto' | 'candle' | 'wgpu'} EngineName `auto` is the fastest here */

/**
 * A walk, as far as it has come. Pictures that the page has already are not sent again: `steps` are those
 * from `from` on, and `start` is there only when `from` is 0.
 * @typedef {object} ToldWalk
 * @property {number} key tells walks apart; another one after every change that lost or may have lost steps
 * @property {Picture} [start] the start's picture, before source noise
 * @property {Clipped[]} [clipped] what each channel's window cuts off of that picture
 * @property {boolean} noised whether step 0 is the start with noise added
 * @property {number[] | null} times of all steps, reached or not; null for the adaptive solver, which finds
 *   them on the way
 * @property {boolean} finished
 * @property {{ dtype: string, link: string } | null} quick the quick weights under which steps of it ran,
 *   with a link that names them
 * @property {number} from
 * @property {Step[]} steps
 */

/**
 * A recipe as the page's controls show it.
 * @typedef {object} Recipe
 * @property {string} control a sample's or an example's id, `upload` or `noise`
 * @property {string | null} compound of the bundle; null where one was typed
 * @property {string} [smiles] the structure of the compound that was typed
 * @property {number} [dose] in micromolar
 * @property {'forward' | 'reverse' | 'return'} direction
 * @property {string} solver
 * @property {string} grid
 * @property {number} steps
 * @property {number} alpha
 * @property {number} noise
 * @property {number} seed
 * @property {number} rtol
 * @property {number} atol
 * @property {number[]} hidden channels
 * @property {ChannelView[]} channels that are shown otherwise than the manifest says
 * @property {MapName} map
 */

/** @typedef {Partial<Recipe>} Change */

/**
 * The walk of a link at its start.
 * @typedef {object} WalkOf
 * @property {Recipe} recipe
 * @property {{ noised: boolean, times: number[] | null, finished: boolean, steps: Step[] }} walk
 */

/** @typedef {{ low: number, high: number }} Window in coded units: 0 is black, 1 the coding's full scale */

/**
 * How a channel is shown otherwise than the manifest says; what is not given is as the manifest has it.
 * @typedef {{ channel: number, window?: Window, gamma?: number, lut?: string }} ChannelView
 */

/**
 * What the picture of the change shows: now less the control, less the start with its noise, or less the walk
 * under the control's condition; the mean velocity of the step that led here, or its magnitude; what the
 * condition adds to the velocity.
 * @typedef {'difference' | 'noised-start' | 'untreated' | 'velocity' | 'speed' | 'guidance'} MapName
 */
/**
 * @typedef {{ hidden: number[], channels: ChannelView[], map: MapName }} View how a walk is looked at, both
 *   lists rising
 */

/**
 * How a channel is shown: all of it, with the colour of its brightest pixels.
 * @typedef {{ visible: boolean, window: Window, gamma: number, lut: string, colour: string }} Shown
 */

/**
 * Counts of a channel's values: nearest to each coded byte, and beyond the coded range at either end.
 * @typedef {{ counts: number[], below: number, above: number }} Histogram
 */

/**
 * Counts of the gallery's cells, together: for each channel of each coded byte, over those `cells` whose
 * pictures came; `missing` did not.
 * @typedef {{ counts: number[][], cells: number, missing: number }} CellCounts
 */
/**
 * The counts of cells beside a walk, or why there are none; `key` says of which cells.
 * @typedef {{ key: string } & (CellCounts | { failed: string })} Counted
 */

/**
 * A closer look at the start and a step, by channel. `automatic` is the window that suits both; panels are of
 * the visible channels, alone in grey.
 * @typedef {object} Look
 * @property {{ start: Histogram[], now: Histogram[], automatic: (Window | null)[] } | null} histograms
 * @property {{ channel: number, start: Picture, now: Picture }[] | null} panels
 */

/** @typedef {{ key: string, step: number }} Beside the step of a walk aside that is subtracted */
/**
 * A map of a step.
 * @typedef {object} DrawnMap
 * @property {MapName} map
 * @property {number} key of the walk
 * @property {number} step
 * @property {number} time of the step
 * @property {number | null} from the time of the step before, of a velocity; of the step that is subtracted,
 *   of a difference
 * @property {number | null} size the root mean square over all pixels and channels, in model range, of a
 *   velocity per unit of t
 * @property {number | null} localError what Heun's method would add to a velocity's step if it is one of
 *   Euler's, as `size` of an image; null where the next step is not reached
 * @property {Picture | null} picture null where its numbers are not there: a velocity of the start, a walk
 *   that has not come so far, an effect that has not been evaluated
 * @property {{ channel: number, picture: Picture }[]} panels of the visible channels, each alone; none where
 *   they were not asked for
 * @property {Picture | null} strip the colours of a magnitude, from nothing to the scale of the differences
 */

/**
 * Where the visitor is. `recipe` and `walk` are null in a bundle without sample controls, until there is an
 * upload.
 * @typedef {object} Exploration
 * @property {Recipe | null} recipe
 * @property {string} link its hash, without `#`
 * @property {boolean[]} [visible] channels
 * @property {Shown[]} [shown] how each channel is shown
 * @property {ChangeLegend} [legend] what the colours of the differences mean
 * @property {number} [rejected] trials of the adaptive solver
 * @property {Uploaded | null} [uploaded] where it is another one than before
 * @property {Typed | null} typed the compound that was typed, while the walk is under one
 * @property {ToldWalk | null} walk
 */

/**
 * The colours of a difference: for each visible channel a row from less at the left to more at the right,
 * and the change at its ends as a share of the range from black to full scale.
 * @typedef {{ scale: number, strips: { channel: number, picture: Picture }[] }} ChangeLegend
 */

/**
 * @typedef {{ key: string, name: string, picture: Picture }} Uploaded the visitor's crop; it stays to be
 *   chosen again
 */

/**
 * A compound that was typed: the network has never seen it.
 * @typedef {object} Typed
 * @property {string} smiles
 * @property {string | null} drawing SVG; null where it cannot be drawn
 * @property {{ id: string, similarity: number }[]} nearest training compounds, the most similar first
 */

/** @typedef {{ same: string | null }} Same the bundle's compound that a typed one is for the network */

/**
 * @typedef {object} OpenedOnly
 * @property {Record<string, [low: number, high: number]>} limits of a recipe's numbers
 * @property {Trouble | null} notice what of the link could not be followed
 * @property {number | null} at the step that the link shows
 * @property {{ total: number, loaded: number, cached: boolean, estimate: number | null }} download bytes,
 *   and seconds
 */
/** @typedef {ManifestView & Exploration & OpenedOnly} Opened */

/**
 * @typedef {object} Started
 * @property {EngineReport} engine
 * @property {null} tuned nothing has been measured for the engine after this one
 * @property {EngineName} engineAsked
 * @property {number} evaluations
 * @property {number | null} pace milliseconds of an evaluation, once known
 */

/**
 * @typedef {object} EngineReport
 * @property {'candle' | 'wgpu'} engine
 * @property {string} adapter
 * @property {boolean} software
 * @property {string} dtype
 * @property {string} weights how the weights are stored that it has
 * @property {boolean} quick whether those are the bundle's quick ones, until the full ones have come
 * @property {string | null} tiles which tiles run; of a GPU engine
 * @property {string | null} tilesRefused why those that were kept are not used
 * @property {string | null} why this engine was taken
 */

/**
 * The engine that computed a step, its number format, and how the quick weights were stored that it had; null
 * where it had the bundle's own.
 * @typedef {Pick<EngineReport, 'engine' | 'dtype'> & { quick?: string | null }} StepEngine
 */

/**
 * @typedef {object} Stepped
 * @property {ToldWalk} walk
 * @property {number} evaluations
 * @property {number} rejected
 * @property {number} [pace]
 * @property {true} [gaveWay] to another call: there is no new step, and this one is to be tried again
 */

/** @typedef {{ name: string, bytes: ArrayBuffer }} NamedFile */
/** @typedef {{ x: number, y: number, side: number }} Crop in pixels of the image */

/**
 * What the visitor says of an image.
 * @typedef {object} Arrangement
 * @property {number[]} assignment for each channel its plane, or -1 where only a person can tell
 * @property {Crop} crop
 * @property {string[]} reading what the numbers of each sort of files mean
 */

/**
 * @typedef {object} Arranged
 * @property {boolean} complete whether every channel has its plane
 * @property {Picture} [picture] a reduced one, to place the crop on; where it was asked for
 * @property {Picture | null} cropPicture as the network will see it
 * @property {{ dark: number, bright: number }} clipped shares of the crop that are cut off at either end
 * @property {string[]} hints where the crop looks unlike the bundle's own controls
 */

/**
 * An image that has been decoded, with what is suggested for it.
 * @typedef {object} UploadOnly
 * @property {number} key tells uploads apart
 * @property {string} name
 * @property {number} width
 * @property {number} height
 * @property {{ label: string, colour: string | null, colourName: string | null, picture?: Picture }[]} planes
 *   each with the colour in which its file says that it is shown, as `#rrggbb` and as people call it, and
 *   with a small picture where a person is asked which is which
 * @property {number | null} pixelUm micrometres per pixel, where the files state it
 * @property {string | null} scaleFrom what states it
 * @property {string[]} notes what the files say of themselves and is not taken
 * @property {boolean[]} guessed for each channel whether its plane is a guess, which the visitor confirms
 * @property {boolean[]} byColour for each channel whether that guess rests on the plane's colour
 * @property {[wide: number, high: number]} extent the crop's size for a side of 1
 * @property {number} smallest side
 * @property {{ files: string, readings: { value: string, label: string }[] }[]} sorts of files, whose
 *   numbers are read alike
 */
/** @typedef {UploadOnly & Arrangement & Arranged} Upload */

/** @typedef {{ x: number, y: number, area: number }} Nucleus its centroid and area in pixels of the image */

/**
 * The nuclei of an upload.
 * @typedef {object} FieldNuclei
 * @property {number} key of the upload
 * @property {number | null} channel the position of the model's channel that shows nuclei; null where no
 *   channel's name says so
 * @property {number} plane that is assigned to it, or -1
 * @property {number} count how many were found
 * @property {Nucleus[]} listed all of them, or the largest of very many, from the top down
 * @property {number} reduction pixels of the image per pixel of the plane in which they were looked for,
 *   along both sides
 * @property {[width: number, height: number]} size of that plane
 */

/**
 * @typedef {'frame' | 'strip' | 'figure-png' | 'figure-svg' | 'animation' | 'trajectory' | 'times' | 'recipe'
 *   | 'citation'} FileKind
 */
/** @typedef {{ steps: 'all' | 'ends', width: 'double' | 'single' }} FigureOptions what a figure shows */
/** @typedef {{ name: string, type: string, bytes: Uint8Array }} KeptFile */

/**
 * A figure of a table or of charts. `base` is the recipe that its link is of; null for the walk in view.
 * @typedef {object} KeptBeside
 * @property {Recipe | null} base
 * @property {FigureWords} words
 * @property {PrintedTable | null} table
 * @property {Picture[]} pictures
 * @property {PrintedCharts | null} charts
 * @property {'png' | 'svg'} kind
 * @property {string} name of what it shows, for the file's
 */

// What is measured

/** @typedef {{ name: string, unit: string, about: string, source: string }} Measure one number of an image */

/** @typedef {{ time: number, values: (number | null)[] }} MeasuredStep null where it has no such value */
/** @typedef {{ key: number, from: number, steps: MeasuredStep[] }} Measured of the walk with this key */

/**
 * Cells of the bundle that are alike.
 * @typedef {object} CellGroup
 * @property {boolean} treated with the compound; else untreated
 * @property {boolean} synthetic drawn, not imaged
 * @property {'same' | 'other' | 'unknown' | 'none'} batch the start's, or another; none of drawn cells
 * @property {boolean} otherDose whether they were treated at another dose than the walk's
 * @property {boolean} hasStart whether the start is one of them
 * @property {number} cells
 * @property {({ n: number, mean: number, interval: [low: number, high: number] | null } | null)[]} means of
 *   each measure over those cells that have it, with the 95 % interval of two and more
 */
/**
 * @typedef {{ list: Measure[], groups: CellGroup[], missing: number }} Cells `missing` are cells whose
 *   pictures did not come
 */

/** @typedef {'measures' | 'untreated' | 'pin' | 'doses' | 'grid'} SideList who asks for walks aside */
/**
 * @typedef {'measures' | 'picture' | 'both' | 'steps'} SideWants what is told of each step; with `steps` only
 *   that it is reached
 */
/**
 * A walk aside: the recipe in view with a change, under a key that the page gives. Pictures are drawn as the
 * walk in view is; `view` is the page's name for that, and comes back with them. What the page `has` is not
 * walked and not told.
 * @typedef {{ key: string, change: Change, wants?: SideWants, view?: string, has?: boolean }} SideJob
 */
/**
 * @typedef {object} SideStep
 * @property {string} key
 * @property {number} step
 * @property {number | null} of how many; null for the adaptive solver
 * @property {boolean} finished whether it is the last
 * @property {number} time
 * @property {MeasuredStep} [measures] where they are wanted
 * @property {Picture} [picture] where it is wanted
 * @property {string} [view] which view the picture is drawn in
 */
/** @typedef {{ key: string, failed: Trouble }} SideFailure */

/** @typedef {{ compound: string, seed: number, steps: MeasuredStep[] }} WalkRows a walk in a table */

// What the page shows of a manifest

/** @typedef {{ name: string, stain?: string, colour: string, window: Window }} Channel */

/**
 * An image of the gallery.
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} condition
 * @property {boolean} treated
 * @property {boolean} synthetic
 * @property {boolean} untreated whether its condition is a control
 * @property {string | null} batch
 * @property {string | null} plate
 * @property {number} number
 * @property {string} dose in words
 * @property {string} label
 * @property {string} note
 * @property {string} source
 * @property {string} licence
 */

/** @typedef {{ badge: string, kind: string, sentence: string }} Training what training had of a condition */

/**
 * What was measured of a condition beside its real cells.
 * @typedef {object} Finding
 * @property {string} condition
 * @property {number | null} dose_um null where doses are taken together
 * @property {boolean} measured whether there are figures
 * @property {string} sentence
 * @property {string | null} warning
 */

/**
 * How that was measured.
 * @typedef {object} Measuring
 * @property {Record<string, string | number>} sampling with which settings
 * @property {boolean} recommended whether they are those that the bundle recommends
 * @property {'real' | 'drawn'} cells what the cells are that generated ones were compared with
 */

/** @typedef {'compound' | 'knock-out' | 'knock-down' | 'over-expression'} Perturbation */

/**
 * A line of the compound list.
 * @typedef {object} Compound
 * @property {string} id
 * @property {string} name
 * @property {Perturbation} kind what was done to the cells; of the control it says nothing
 * @property {string} action mode of action
 * @property {string | null} smiles
 * @property {string | null} structure path of the drawing
 * @property {number[]} doses of the data, in micromolar
 * @property {number[] | null} trainedDoses those of them that were trained on; null where that is not known
 * @property {boolean} seen whether training had any of its cells
 * @property {Training} training
 * @property {Finding[]} findings none where the bundle has no evaluation
 * @property {string[]} batches
 * @property {boolean} control
 */

/**
 * @typedef {object} Manifest
 * @property {string} id
 * @property {string} name
 * @property {string} description
 * @property {number} parameters
 * @property {string} dtype
 * @property {[width: number, height: number]} size
 * @property {number | null} pixelUm micrometres per pixel of its images, where the data state it
 * @property {Channel[]} channels
 * @property {[term: string, value: string | string[]][]} provenance
 * @property {string} citation of the data set, as the manifest has it; empty where it has none
 */

/**
 * Levels of source noise that the network was trained with: rising ones, or all between two.
 * @typedef {{ levels: number[] } | { range: [number, number] }} TrainedNoise
 */

/**
 * @typedef {object} ManifestView
 * @property {Manifest} manifest
 * @property {Channel[]} channels
 * @property {Tile[]} samples
 * @property {Tile[]} examples
 * @property {Compound[]} compounds
 * @property {Measuring | null} measuring null where the bundle has no evaluation
 * @property {'control' | 'noise'} flowSource
 * @property {TrainedNoise | null} trainedNoise null where the bundle does not say
 * @property {boolean} takesDose whether the network takes the dose as a number, so that any can be asked for
 * @property {boolean} takesStructures whether its vectors are made from structures, so that any can be typed
 */

/** The explorer as a custom element: importing this module defines `<cellflux-explorer>`. */
export interface CellfluxExplorerAttributes {
  /** Address of a bundle's manifest.json. */
  src: string;
  /** What is shown until the visitor chooses: a link's hash without its `#`, for example `c=taxol&a=1.4`. */
  preset?: string;
  /** Parts to leave out, separated by spaces: upload, model, measured, settings, keep, about. */
  hide?: string;
  /** Address of a list of recorded trajectories, which stand in for the network until it is there. */
  recorded?: string;
  /** Where links to this explorer's pictures lead, when the page's own address belongs to another one. */
  address?: string;
}

declare global {
  interface HTMLElementTagNameMap {
    'cellflux-explorer': HTMLElement;
  }
}

export {};

// What browsers have that TypeScript's own list of their names does not, as far as the page uses it.

interface Navigator {
  readonly gpu?: { requestAdapter(options?: { powerPreference?: string }): Promise<Adapter | null> };
  readonly connection?: { readonly downlink?: number };
}

interface Adapter {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
}

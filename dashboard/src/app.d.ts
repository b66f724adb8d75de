declare global {
  namespace App {
    /** What `+error.svelte` shows. */
    interface Error {
      message: string;
    }
  }
}

export {};

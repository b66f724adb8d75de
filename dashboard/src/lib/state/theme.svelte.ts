import { MediaQuery } from 'svelte/reactivity';

/** Dark or light: the system's choice until somebody makes one. */
export type Theme = 'system' | 'light' | 'dark';
const KEY = 'picloud.theme';

class ThemeChoice {
  #theme = $state<Theme>('system');
  #system = new MediaQuery('(prefers-color-scheme: dark)');

  get theme() {
    return this.#theme;
  }

  get isDark() {
    return this.#theme === 'dark' || (this.#theme === 'system' && this.#system.current);
  }

  /** Called once, when the page begins. */
  recall(): void {
    const kept = localStorage.getItem(KEY);
    this.choose(kept === 'light' || kept === 'dark' ? kept : 'system');
  }

  choose(theme: Theme): void {
    this.#theme = theme;
    if (theme === 'system') {
      localStorage.removeItem(KEY);
      delete document.documentElement.dataset['theme'];
    } else {
      localStorage.setItem(KEY, theme);
      document.documentElement.dataset['theme'] = theme;
    }
  }
}

export const theme = new ThemeChoice();

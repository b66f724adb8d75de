import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentSelection, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { linter, lintGutter, lintKeymap, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { complete } from './completions';
import { rhai } from './rhai';

/** What is wrong with a source; lines and columns from 1, as the parser gives them. */
export type Wrong = { line: number; column: number; message: string };

/** After the last key it is quiet for so long before the parser is asked. */
const LINT_DELAY_MS = 350;

export type Options = {
  source: string;
  isReadOnly: boolean;
  label: string;
  onChange: (source: string) => void;
  onSave: () => void;
  /** Asks the parser that will also compile it. */
  validate: (source: string) => Promise<Wrong[]>;
};

export function makeEditor(root: ShadowRoot, parent: HTMLElement, options: Options): EditorView {
  return new EditorView({ root, parent, state: EditorState.create({ doc: options.source, extensions: extensions(options) }) });
}

function extensions({ isReadOnly, label, onChange, onSave, validate }: Options): Extension[] {
  const save = { key: 'Mod-s', preventDefault: true, run: () => (onSave(), true) };
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ override: [complete] }),
    highlightActiveLine(),
    highlightSelectionMatches(),
    rhai(),
    linter(async (view) => (await validate(view.state.doc.toString())).map((wrong) => placed(view, wrong)), { delay: LINT_DELAY_MS }),
    lintGutter(),
    // Tab indents; Escape, then Tab leaves the editor, as its help says.
    keymap.of([save, ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
    EditorState.readOnly.of(isReadOnly),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
    look,
  ];
}

function placed(view: EditorView, { line, column, message }: Wrong): Diagnostic {
  const { doc } = view.state;
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(found.from + Math.max(column - 1, 0), found.to);
  return { from, to: Math.min(from + 1, found.to), severity: 'error', message };
}

/** Indents the whole text by its brackets, and cuts spaces at the ends of lines. */
export function format(view: EditorView): void {
  const { doc } = view.state;
  const trailing = [];
  for (let number = 1; number <= doc.lines; number++) {
    const line = doc.line(number);
    const kept = line.text.trimEnd().length;
    if (kept < line.text.length) trailing.push({ from: line.from + kept, to: line.to });
  }
  view.dispatch({ changes: trailing });
  const { main } = view.state.selection;
  view.dispatch({ selection: { anchor: 0, head: view.state.doc.length } });
  indentSelection(view);
  const end = view.state.doc.length;
  view.dispatch({ selection: { anchor: Math.min(main.anchor, end), head: Math.min(main.head, end) } });
}

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '14px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--text-soft)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 8%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--accent) 28%, transparent)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionInfo': { maxWidth: '26rem' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)' },
});

import { snippetCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
// Made of `guest/api`, the one source of what scripts can call; a test compares it with what the sandbox has.
import definitions from '../../../../docs/reference/picloud.d.rhai?raw';

type Known = { modules: Map<string, Completion[]>; top: Completion[]; ctx: Completion[]; request: Completion[] };

/** Reads the definitions line by line: what is above a signature describes it. */
function read(text: string): Known {
  const known: Known = { modules: new Map(), top: [], ctx: [], request: [] };
  let about: string[] = [];
  let module: string | null = null;
  let isCtx = false;
  let fields: string[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed.startsWith('///')) about.push(trimmed.slice(3).trim());
    else if (trimmed.startsWith('module ') && trimmed.endsWith('{')) {
      module = trimmed.slice(7, -1).trim();
      known.modules.set(module, []);
      known.top.push({ label: module, type: 'namespace', apply: `${module}::`, info: about.join(' ') });
      about = [];
    } else if (trimmed.startsWith('const ctx')) {
      isCtx = true;
      about = [];
    } else if (isCtx && trimmed.startsWith('}')) {
      fields.pop();
      isCtx = !trimmed.startsWith('};');
    } else if (isCtx && /^\w+:/.test(trimmed)) {
      const [name = '', type = ''] = trimmed.replace(/,$/, '').split(/:\s*/);
      const list = fields.length === 0 ? known.ctx : fields[0] === 'request' ? known.request : null;
      list?.push({ label: name, type: 'property', detail: type === '#{' ? 'map' : type, info: about.join(' ') });
      if (type === '#{') fields = [...fields, name];
      about = [];
    } else if (trimmed === '}') module = null;
    else {
      const signature = /^fn (\w+)\((.*)\) -> (.*);$/.exec(trimmed);
      if (signature) add(known, module, signature, about);
      about = [];
    }
  }
  return known;
}

function add(known: Known, module: string | null, [, name = '', parameters = '', gives = '']: RegExpExecArray, about: string[]) {
  const names = parameters ? parameters.split(', ').map((one) => one.split(':')[0] ?? '') : [];
  const isMethod = names[0] === 'request' && module === null;
  const own = isMethod ? names.slice(1) : names;
  const [text] = about.join('\n').split(/\n```|\n- /);
  const completion = snippetCompletion(`${name}(${own.map((one) => `#{${one}}`).join(', ')})`, {
    label: name,
    type: 'function',
    detail: `(${parameters}) -> ${gives}`,
    info: (text ?? '').replaceAll('\n', ' ').trim(),
  });
  const list = module === null ? (isMethod ? known.request : known.top) : known.modules.get(module);
  list?.push(completion);
}

const known = read(definitions);

/** What can stand where the cursor is: functions of a namespace, fields of `ctx`, or names. */
export function complete(context: CompletionContext): CompletionResult | null {
  const scoped = context.matchBefore(/(\w+)::\w*/);
  if (scoped) {
    const [module = '', name = ''] = scoped.text.split('::');
    const options = known.modules.get(module);
    return options ? { from: scoped.to - name.length, options, validFor: /^\w*$/ } : null;
  }
  const field = context.matchBefore(/\bctx(\.request)?\.\w*/);
  if (field) {
    const name = field.text.split('.').at(-1) ?? '';
    return { from: field.to - name.length, options: field.text.startsWith('ctx.request.') ? known.request : known.ctx, validFor: /^\w*$/ };
  }
  const word = context.matchBefore(/[A-Za-z_]\w*/);
  if (!word && !context.explicit) return null;
  return { from: word?.from ?? context.pos, options: [{ label: 'ctx', type: 'constant' }, ...known.top], validFor: /^\w*$/ };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A document with its lines numbered and its problems at their lines. */
import { h } from './dom.js';
import { note } from './parts.js';
import { number, t } from './text.js';

/* Longer ones are shown up to here first: a browser draws ten thousand lines slowly. */
const LINES_AT_ONCE = 3000;

export const lineId = (pane, line) => `${pane}-line-${line}`;

/** A problem in words. */
export function problemText(problem) {
    if (typeof problem === 'string')
        return problem;
    return problem.text ?? problem.detail ??
        [problem.rule, problem.path].filter(Boolean).join(' ');
}

/* {line: [text, ...]} */
function byLine(lines) {
    const found = new Map();
    for (const { line, problem } of lines ?? [])
        if (line > 0)
            found.set(line, [...(found.get(line) ?? []), problemText(problem)]);
    return found;
}

/* An event comes as one line of JSON, which nobody can read. */
function readable(doc) {
    const text = doc.text ?? '';
    if (!/json/.test(doc.media_type ?? '') || text.trimEnd().includes('\n') || doc.lines?.length)
        return text;
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}

function drawLine(pane, text, at, problems) {
    const said = problems.get(at);
    return h('li', { id: lineId(pane, at), class: said && 'problem', tabindex: said && '-1' },
        h('code', {}, text || ' '),
        said && h('span', { class: 'mark' }, h('span', { 'aria-hidden': 'true' }, '▲ '),
            said.join('; ')));
}

/** {media_type, text, masked, lines} as numbered lines; `all` shows them however many there are. */
export function drawDocument(pane, label, doc, all, showAll) {
    const problems = byLine(doc.lines);
    const texts = readable(doc).replace(/\r?\n$/, '').split(/\r?\n/);
    const shown = all ? texts : texts.slice(0, LINES_AT_ONCE);
    return h('div', { class: 'document', tabindex: '0', role: 'region', 'aria-label': label },
        h('ol', {}, shown.map((text, at) => drawLine(pane, text, at + 1, problems))),
        shown.length < texts.length && h('p', {},
            note(t('document.cut', { shown: number(shown.length), all: number(texts.length) })),
            h('button', { type: 'button', onclick: showAll }, t('document.all'))));
}

/** Brings a line into sight, and tells where one is. */
export function goToLine(pane, line) {
    const place = document.getElementById(lineId(pane, line));
    if (!place)
        return;
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: 'center' });
}

/** [{path, before, after}] */
export function drawDiff(diff) {
    if (!diff?.length)
        return note(t('diff.none'));
    const side = (value) => (value === null || value === undefined
        ? h('em', {}, t('diff.nothing'))
        : typeof value === 'string' ? value : JSON.stringify(value));
    return h('ul', { class: 'diff', 'aria-label': t('diff.title') }, diff.map((one) =>
        h('li', {}, h('code', {}, one.path),
            h('del', {}, h('span', { class: 'unseen' }, t('diff.before')), side(one.before)),
            h('ins', {}, h('span', { class: 'unseen' }, t('diff.after')), side(one.after)))));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The flow of a day, hour by hour, as lines; and its numbers as a table for who would rather read.
 */
import { h, svg } from './dom.js';
import { table } from './parts.js';
import { hour, number, shortMoment, t } from './text.js';

const HEIGHT = 200;
const LEFT = 46;
const TOP = 10;
const BOTTOM = 24;
export const SERIES = ['received', 'published', 'delivered', 'refused'];

/* A narrow window gets a narrow drawing, whose letters are as large. */
const isNarrow = () => matchMedia('(max-width: 48rem)').matches;

/* The next of 1, 2, 5, 10, 20 ... */
function roundUp(value) {
    const ten = 10 ** Math.floor(Math.log10(Math.max(1, value)));
    return [1, 2, 5, 10].map((step) => step * ten).find((step) => step >= value);
}

function scale(flow) {
    const most = Math.max(4, ...flow.flatMap((one) => SERIES.map((name) => one[name] ?? 0)));
    const top = roundUp(most);
    const width = isNarrow() ? 360 : 720;
    const step = (width - LEFT - 8) / Math.max(1, flow.length - 1);
    return { top, width, every: isNarrow() ? 6 : 3, x: (at) => LEFT + at * step,
        y: (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top) };
}

function grid(flow, { top, width, every, x, y }) {
    const lines = [0, 0.25, 0.5, 0.75, 1].map((part) => [
        svg('line', { class: 'grid', x1: LEFT, x2: width - 8, y1: y(top * part), y2: y(top * part) }),
        part * 4 % 2 === 0 && svg('text', { x: LEFT - 6, y: y(top * part) + 4, 'text-anchor': 'end' },
            number(top * part))]);
    const hours = flow.map((one, at) => at % every === 0 && svg('text', {
        x: x(at), y: HEIGHT - 6, 'text-anchor': 'middle' }, hour(one.hour)));
    return [lines, hours];
}

function line(flow, name, { x, y }) {
    const points = flow.map((one, at) => `${x(at).toFixed(1)},${y(one[name] ?? 0).toFixed(1)}`);
    return svg('polyline', { class: `series ${name}`, points: points.join(' ') });
}

const sum = (flow, name) => flow.reduce((total, one) => total + (one[name] ?? 0), 0);

function legend(flow) {
    return h('ul', { class: 'legend' }, SERIES.map((name) =>
        h('li', {}, svg('svg', { class: 'swatch', viewBox: '0 0 24 8', 'aria-hidden': 'true' },
            svg('line', { class: `series ${name}`, x1: 0, x2: 24, y1: 4, y2: 4 })),
        ' ', t(`flow.${name}`), ' ', h('b', {}, number(sum(flow, name))))));
}

export function flowChart(flow) {
    const place = scale(flow);
    const words = SERIES.map((name) => `${t(`flow.${name}`)}: ${number(sum(flow, name))}`);
    return h('figure', { class: 'chart' },
        legend(flow),
        svg('svg', { viewBox: `0 0 ${place.width} ${HEIGHT}`, role: 'img',
            'aria-label': `${t('flow.title')}. ${words.join('; ')}` },
        grid(flow, place), SERIES.map((name) => line(flow, name, place))),
        h('details', {}, h('summary', {}, t('flow.numbers')),
            table(t('flow.title'), [
                { label: t('flow.hour'), cell: (one) => shortMoment(one.hour) },
                ...SERIES.map((name) => ({
                    label: t(`flow.${name}`), number: true, cell: (one) => one[name] ?? 0 })),
            ], flow)));
}

/** What waits: one bar each, as long as its share of the largest. */
export function bars(rows) {
    const most = Math.max(1, ...rows.map((one) => one.value));
    return h('ul', { class: 'bars' }, rows.map((one) => h('li', { 'data-key': one.key },
        h('span', { class: 'name' }, one.label),
        svg('svg', { viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
            svg('rect', { class: 'rail', x: 0, y: 0, width: 100, height: 8 }),
            svg('rect', { class: `bar ${one.tone}`, x: 0, y: 0, height: 8,
                width: one.value ? Math.max(1, 100 * one.value / most) : 0 })),
        h('span', { class: 'number' }, number(one.value)))));
}

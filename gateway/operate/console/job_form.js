/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked before a job is made.  It only tries; nothing runs before somebody has looked. */
import { post } from './api.js';
import { ask, reasonField, staleField } from './dialog.js';
import { route } from './parts.js';
import { number, t } from './text.js';

function paceFields() {
    return [
        { name: 'rate_per_s', label: t('job.rate'), type: 'number', min: 1, max: 100000, value: 200,
            hint: t('job.rate.hint') },
        { name: 'stop_above', label: t('job.stop'), type: 'number', min: 0, max: 100, value: 10,
            hint: t('job.stop.hint') },
        staleField(),
    ];
}

function optionsOf(given) {
    return { rate_per_s: given.rate_per_s, may_be_stale: given.may_be_stale,
        stop_above_share: given.stop_above === undefined ? undefined : given.stop_above / 100 };
}

/* What the job is about: one of a group, a selection, a filter. */
function subject({ kind, group, selection, filter }) {
    return { kind, group, selection, filter };
}

async function make(wanted, options, reason) {
    const job = await post('jobs', { ...subject(wanted), options, reason });
    location.hash = route('jobs', String(job.job));
    return job;
}

/** {kind, group | selection | filter, count} */
export function newJob(wanted) {
    return ask({
        title: t('job.new'),
        text: [wanted.count !== undefined && t('job.new.count', { count: number(wanted.count) }),
            t('job.new.text')].filter(Boolean),
        fields: [...paceFields(), reasonField()],
        action: t('job.new.action'),
        send: (given) => make(wanted, optionsOf(given), given.reason),
    });
}

/* The place in the cause, as in "code /Envelope/Event". */
function pathOf(cause) {
    return /\/\S*/.exec(cause ?? '')?.[0] ?? '';
}

/** The same with a change that is made to each of them first. */
export function newRule(wanted, group) {
    return ask({
        title: t('rule.new'),
        text: t('rule.new.text', { count: number(wanted.count) }),
        fields: [
            { name: 'path', label: t('rule.path'), required: true, value: pathOf(group.cause),
                hint: t('rule.path.hint') },
            { name: 'from', label: t('rule.from'), hint: t('rule.from.hint') },
            { name: 'to', label: t('rule.to'), required: true },
            ...paceFields(), reasonField(),
        ],
        action: t('job.new.action'),
        send: (given) => make(wanted, { ...optionsOf(given),
            rule: { path: given.path, from: given.from, to: given.to } }, given.reason),
    });
}

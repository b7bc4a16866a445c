/* SPDX-License-Identifier: Apache-2.0 */
#include "api/addressee.h"

#include <stdlib.h>

struct adapt_given *addressee_texts(const struct partner *partner, const char *agency, size_t room,
                                    size_t *count)
{
    const struct partner_delivery *deliver = &partner->deliver;
    const char *own = partner->agency_count ? partner->agencies[0] : NULL;
    const char *receiver = agency ? agency : own;
    struct adapt_given *texts = calloc(1 + deliver->given_count + room, sizeof *texts);
    *count = 0;
    if (!texts)
        return NULL;
    if (receiver)
        texts[(*count)++] = (struct adapt_given){"to_agency", receiver};
    for (size_t i = 0; i < deliver->given_count; i++)
        texts[(*count)++] = (struct adapt_given){deliver->given[i].name, deliver->given[i].text};
    return texts;
}

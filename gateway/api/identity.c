/* SPDX-License-Identifier: Apache-2.0 */
/* The name of an event, which the same message always gets again. */
#include "api/identity.h"

#include "base/cleanup.h"

#include <string.h>

/* urn:uuid:b11bac26-fca3-40ce-8166-9dd09ea9a1b0, made once for the ids of events. */
static const uint8_t event_space[UUID_SIZE] = {0xb1, 0x1b, 0xac, 0x26, 0xfc, 0xa3, 0x40, 0xce,
                                               0x81, 0x66, 0x9d, 0xd0, 0x9e, 0xa9, 0xa1, 0xb0};

bool identity_event_id(const struct identity *identity, uint8_t event_id[UUID_SIZE],
                       struct fault *why)
{
    size_t system_size = strlen(identity->system), type_size = strlen(identity->event_type);
    size_t size = system_size + 1 + identity->native_id_size + 1 + type_size;
    auto_free(free) char *name = malloc(size);
    if (!name)
        return fault_memory(why);
    char *at = mempcpy(name, identity->system, system_size);
    *at++ = '|';
    at = mempcpy(at, identity->native_id, identity->native_id_size);
    *at++ = '|';
    memcpy(at, identity->event_type, type_size);
    uuid_name_based(event_space, name, size, event_id);
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Detached signatures as they lie beside documents. */
#include "cli/jws_file.h"

#include "base/file.h"
#include "signature/detached.h"

#include <string.h>

bool jws_file_read(const char *path, char **jws, struct fault *why)
{
    size_t size = 0;
    *jws = path ? file_read(path, DETACHED_MOST, &size, why) : NULL;
    if (*jws)
        (*jws)[strcspn(*jws, " \t\r\n")] = '\0';
    return !path || *jws;
}

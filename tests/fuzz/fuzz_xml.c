/* SPDX-License-Identifier: Apache-2.0 */
/* XML documents through all adapters that know them: any bytes become events or problems. */
#include "document.h"

static struct reader reader;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const char *const names[] = {"edxml", "lienthong-xml"};
    (void)count, (void)arguments;
    reader_open(&reader, names, sizeof names / sizeof *names);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    read_document(&reader, bytes, size);
    return 0;
}

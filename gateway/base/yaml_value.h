/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_YAML_VALUE_H
#define BASE_YAML_VALUE_H

#include "base/fault.h"
#include "base/yaml_file.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>

/**
 * YAML into a struct, by a schema of libcyaml.  What libcyaml lets pass is refused here: a boolean
 * that is not true or false, an octal or quoted number, a mapping that is empty by accident.  An
 * absent optional value is 0 or NULL; a file with nothing in it is an empty mapping.  Faults read
 * "FILE:LINE:COLUMN: what": unknown, missing or doubled key, wrong type, value out of range.
 *
 * The value is freed by yaml_value_free with the schema it was loaded by.  The top of a schema is a
 * mapping or sequence with CYAML_FLAG_POINTER.
 */
bool yaml_value_load(const char *path, const cyaml_schema_value_t *schema, void **value,
                     struct fault *why) __attribute__((warn_unused_result));

/** The same from an open file, whose yaml_file_refuse can then point at what is wrong beyond the
 * schema.  The value does not borrow from the file. */
bool yaml_value_read(const struct yaml_file *file, const cyaml_schema_value_t *schema, void **value,
                     struct fault *why) __attribute__((warn_unused_result));

/** Accepts NULL. */
void yaml_value_free(const cyaml_schema_value_t *schema, void *value);

#endif

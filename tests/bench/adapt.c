/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading a native handoff costs beyond libxml2's own parsing and validation, side by side in
 * one run:  adapt [FILE [SECONDS]]
 */
#include "adapt/adapter.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct adapters *, adapters_free)
ENDS_WITH_SCOPE(struct workbench *, workbench_free)
ENDS_WITH_SCOPE(xmlSchemaPtr, xmlSchemaFree)
ENDS_WITH_SCOPE(xmlSchemaParserCtxtPtr, xmlSchemaFreeParserCtxt)
ENDS_WITH_SCOPE(xmlSchemaValidCtxtPtr, xmlSchemaFreeValidCtxt)
ENDS_WITH_SCOPE(xmlParserCtxtPtr, xmlFreeParserCtxt)

static const char default_file[] = "adapters/lienthong-xml/fixtures/accept/handoff-full.xml";
static const char xsd[] = "adapters/lienthong-xml/handoff.xsd";
static const struct adapt_limits limits = {8 << 20, 64, 200000, 64, 2000, 65536, 1000, 100};
enum { ROUND = 200, ROUNDS = 5 };

static double now_us(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* One thing that is timed. */
struct contestant {
    const char *name;
    bool (*run)(void *own);
    void *own;
    double best_us;
};

struct bare {
    const char *bytes;
    size_t size;
    xmlParserCtxtPtr parser;
    xmlSchemaValidCtxtPtr validator;
};

static bool parse_and_validate(void *own)
{
    struct bare *bare = own;
    xmlDocPtr document = xmlCtxtReadMemory(
        bare->parser, bare->bytes, (int)bare->size, NULL, "UTF-8",
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    bool is_valid = document && xmlSchemaValidateDoc(bare->validator, document) == 0;
    if (document)
        xmlFreeDoc(document);
    return is_valid;
}

struct whole {
    struct workbench *bench;
    struct adapt_document document;
};

static bool take(void *own, const struct adapt_item *item, struct fault *why)
{
    (void)own, (void)why;
    return item->is_valid;
}

static bool read_event(void *own)
{
    struct whole *whole = own;
    struct reading reading;
    struct fault why;
    return adapt_read(whole->bench, &whole->document, take, NULL, &reading, &why) &&
           reading.problem_count == 0;
}

static bool time_round(struct contestant *contestant)
{
    double start = now_us();
    for (int at = 0; at < ROUND; at++)
        if (!contestant->run(contestant->own))
            return false;
    double each = (now_us() - start) / ROUND;
    if (contestant->best_us == 0 || each < contestant->best_us)
        contestant->best_us = each;
    return true;
}

/* By turns, so that what disturbs one disturbs the other. */
static int compete(struct contestant *bare, struct contestant *whole, size_t size, int rounds)
{
    for (int at = 0; at < rounds; at++)
        if (!time_round(bare) || !time_round(whole)) {
            (void)fprintf(stderr, "the document is not read\n");
            return 1;
        }
    (void)printf("document                      %8zu bytes\n", size);
    (void)printf("%-29s %8.2f us\n", bare->name, bare->best_us);
    (void)printf("%-29s %8.2f us\n", whole->name, whole->best_us);
    (void)printf("beyond libxml2                %8.2f us, ratio %.2f\n",
                 whole->best_us - bare->best_us, whole->best_us / bare->best_us);
    return 0;
}

int main(int argc, char **argv)
{
    struct fault why = {0};
    size_t size = 0;
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : ROUNDS * 4;
    auto_free(free) char *bytes =
        file_read(argc > 1 ? argv[1] : default_file, (size_t)limits.document_bytes, &size, &why);
    auto_free(schema_free) struct schema *schema =
        bytes ? schema_load("schemas/dossier-event.avsc", &why) : NULL;
    auto_free(adapters_free) struct adapters *adapters =
        schema ? adapters_load("adapters", schema, &limits, &why) : NULL;
    auto_free(workbench_free) struct workbench *bench =
        adapters ? workbench_new(adapters, &why) : NULL;
    if (!bench) {
        (void)fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    auto_free(xmlSchemaFreeParserCtxt) xmlSchemaParserCtxtPtr loader = xmlSchemaNewParserCtxt(xsd);
    auto_free(xmlSchemaFree) xmlSchemaPtr rules = xmlSchemaParse(loader);
    auto_free(xmlSchemaFreeValidCtxt) xmlSchemaValidCtxtPtr validator =
        xmlSchemaNewValidCtxt(rules);
    auto_free(xmlFreeParserCtxt) xmlParserCtxtPtr parser = xmlNewParserCtxt();
    const struct adapter *adapter = adapters_find(adapters, "lienthong-xml");
    struct bare bare = {bytes, size, parser, validator};
    uint8_t digest[SHA256_SIZE]; /* as the daemon has it, for its own sake */
    digest_sha256(bytes, size, digest);
    struct whole whole = {.bench = bench,
                          .document = {.bytes = bytes,
                                       .size = size,
                                       .candidates = &adapter,
                                       .candidate_count = 1,
                                       .sha256 = digest}};
    struct contestant first = {"libxml2: parse, validate, free", parse_and_validate, &bare, 0};
    struct contestant second = {"adapt_read: bytes to event", read_event, &whole, 0};
    return compete(&first, &second, size, rounds);
}

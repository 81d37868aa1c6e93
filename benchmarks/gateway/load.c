// Asks one gateway in one of three ways and says what came back, as one line of JSON.
//
//   load PORT [connections=32] [seconds=4] [requests=0] [rate=0] [stream=0] [tokens=50]
//        [pace_us=0] [abandon=0] [keys=1] [models=1]     KEY in the environment: a bearer secret
//
// closed loop  every connection sends its next request when the reply before it is complete,
//              until `seconds` are over or `requests` were answered.
// rate=R       R requests a second whatever comes back. Latency counts from the moment a request
//              was due, so a gateway that stalls cannot hide it.
// abandon=1    a stream is left as soon as its first bytes are there.
//
// With pace_us the model server sends an event every so often with the time in it, and the latency
// of events is measured instead of that of requests. With keys=N the last digits of the secret are
// the number of a key, with models=N the model is `mock-NUMBER`. One thread, epoll, loopback only.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, EVENTS_AT_ONCE = 256, MOST_SAMPLES = 4000000, STAMP_DIGITS = 20 };

struct connection {
    int socket, busy, in_body, chunked;
    long expected;  // bytes of body, -1 while unknown
    size_t filled, seen;
    uint64_t began;
    struct connection *next_idle;
    char input[ROOM];
};

static long port, connections = 32, requests, rate, streamed, tokens = 50, pace_us, abandon;
static long keys = 1, models = 1;
static double seconds = 4;
static const char *key = "";
static int poller;
static long asked, replies, events, refused, broken, abandoned;
static uint32_t *samples;
static long sample_count;
static struct connection *idle;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static void sample(uint64_t since) {
    uint64_t at = now();
    if (sample_count < MOST_SAMPLES)
        samples[sample_count++] = at > since ? (uint32_t)((at - since) / 1000) : 0;
}

static size_t make_request(char *into) {
    char body[640], model[32] = "mock", secret[128];
    if (models > 1) sprintf(model, "mock-%ld", asked % models);
    if (keys > 1) snprintf(secret, sizeof secret, "%.40s%08ld", key, asked % keys);
    else snprintf(secret, sizeof secret, "%s", key);
    int size = sprintf(body,
        "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Say something short."
        "\"}],\"max_tokens\":%ld", model, tokens);
    if (streamed)
        size += sprintf(body + size,
            ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
    if (pace_us) size += sprintf(body + size, ",\"user\":\"pace_us:%ld\"", pace_us);
    size += sprintf(body + size, "}");
    return (size_t)sprintf(into,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %s\r\n"
        "content-type: application/json\r\ncontent-length: %d\r\n\r\n%s", secret, size, body);
}

static void ask(struct connection *c, uint64_t since) {
    char request[2048];
    size_t size = make_request(request);
    asked++;
    c->filled = c->seen = 0;
    c->in_body = c->chunked = 0;
    c->expected = -1;
    c->busy = 1;
    c->began = since;
    if (send(c->socket, request, size, MSG_NOSIGNAL) != (ssize_t)size) broken++;
}

static void dial(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->socket, (void *)&address, sizeof address)) {
        perror("load");
        exit(1);
    }
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->socket, &wanted);
}

// The connection has nothing to do: give it the next request, or keep it until one is due.
static void go_on(struct connection *c) {
    c->busy = 0;
    if (!rate) {
        ask(c, now());
    } else {
        c->next_idle = idle;
        idle = c;
    }
}

static void dial_again(struct connection *c) {
    close(c->socket);
    dial(c);
    go_on(c);
}

static void read_head(struct connection *c) {
    c->input[c->filled] = 0;
    char *end = strstr(c->input, "\r\n\r\n");
    if (!end) return;
    *end = 0;
    if (strncmp(c->input + 9, "200", 3)) refused++;
    char *length = strcasestr(c->input, "\r\ncontent-length:");
    if (length) c->expected = strtol(length + 17, NULL, 10);
    c->chunked = strcasestr(c->input, "\r\ntransfer-encoding: chunked") != NULL;
    c->in_body = 1;
    size_t head = (size_t)(end + 4 - c->input);
    memmove(c->input, c->input + head, c->filled - head);
    c->filled -= head;
}

static void count_events(struct connection *c) {
    static const char stamp[] = "\"x_sent_ns\":", plain[] = "data: ";
    const char *mark = pace_us ? stamp : plain;
    size_t size = strlen(mark), whole = size + (pace_us ? STAMP_DIGITS : 0);
    char *from = c->input + c->seen, *end = c->input + c->filled, *found;
    while ((found = memmem(from, (size_t)(end - from), mark, size)) &&
           (size_t)(end - found) >= whole) {
        events++;
        if (pace_us) sample(strtoull(found + size, NULL, 10));
        from = found + whole;
    }
    size_t looked = (size_t)(end - c->input);
    c->seen = looked > whole ? looked - whole : 0;
    if ((size_t)(from - c->input) > c->seen) c->seen = (size_t)(from - c->input);
    if (c->seen > ROOM / 2) {
        memmove(c->input, c->input + c->seen, c->filled - c->seen);
        c->filled -= c->seen;
        c->seen = 0;
    }
}

static int is_complete(struct connection *c) {
    if (!c->in_body) return 0;
    if (!c->chunked) return c->expected >= 0 && c->filled >= (size_t)c->expected;
    return c->filled >= 5 && !memcmp(c->input + c->filled - 5, "0\r\n\r\n", 5);
}

static void take(struct connection *c) {
    ssize_t got = recv(c->socket, c->input + c->filled, ROOM - c->filled - 1, 0);
    if (got <= 0) {
        if (c->busy) broken++;
        if (c->busy || !rate) dial_again(c);
        return;
    }
    c->filled += (size_t)got;
    if (!c->in_body) read_head(c);
    if (c->in_body && abandon && c->filled) {
        abandoned++;
        dial_again(c);
        return;
    }
    if (c->in_body && c->chunked) count_events(c);
    if (!is_complete(c)) return;
    replies++;
    if (!pace_us) sample(c->began);
    go_on(c);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t quantile(double share) {
    return sample_count ? samples[(long)((double)(sample_count - 1) * share)] : 0;
}

static void read_arguments(int count, char **arguments) {
    static const struct { const char *name; long *value; } known[] = {
        {"connections", &connections}, {"requests", &requests}, {"rate", &rate},
        {"stream", &streamed}, {"tokens", &tokens}, {"pace_us", &pace_us},
        {"abandon", &abandon}, {"keys", &keys}, {"models", &models},
    };
    if (count < 2) exit(2);
    port = atol(arguments[1]);
    if (getenv("KEY")) key = getenv("KEY");
    for (int i = 2; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (!value) exit(2);
        *value++ = 0;
        if (!strcmp(arguments[i], "seconds")) seconds = atof(value);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (!strcmp(arguments[i], known[k].name)) *known[k].value = atol(value);
    }
}

// Sends what is due; returns the nanoseconds until the next one is.
static uint64_t send_due(uint64_t *due) {
    uint64_t at = now();
    while (*due <= at && idle) {
        struct connection *c = idle;
        idle = c->next_idle;
        ask(c, *due);
        *due += 1000000000ull / (uint64_t)rate;
    }
    return *due > at ? *due - at : 1000000;
}

int main(int count, char **arguments) {
    read_arguments(count, arguments);
    samples = malloc(sizeof *samples * MOST_SAMPLES);
    poller = epoll_create1(0);
    uint64_t began = now(), due = began, end = began + (uint64_t)(seconds * 1e9);
    for (long i = 0; i < connections; i++) {
        struct connection *c = calloc(1, sizeof *c);
        dial(c);
        go_on(c);
        // Streams that all begin at once would get their events all at once.
        if (pace_us) usleep((useconds_t)(pace_us / connections));
    }
    struct epoll_event ready[EVENTS_AT_ONCE];
    while (now() < end && (!requests || replies + abandoned < requests)) {
        uint64_t wait = rate ? send_due(&due) : 100000000;
        struct timespec patience = {0, (long)(wait > 100000000 ? 100000000 : wait)};
        int found = epoll_pwait2(poller, ready, EVENTS_AT_ONCE, &patience, NULL);
        for (int i = 0; i < found; i++) take(ready[i].data.ptr);
    }
    double took = (double)(now() - began) / 1e9;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    qsort(samples, (size_t)sample_count, sizeof *samples, by_size);
    printf("{\"requests\":%ld,\"seconds\":%.3f,\"events\":%ld,\"refused\":%ld,\"broken\":%ld,"
           "\"abandoned\":%ld,\"samples\":%ld,\"p50_us\":%u,\"p99_us\":%u,\"cpu_seconds\":%.3f}\n",
           replies, took, events, refused, broken, abandoned, sample_count, quantile(0.5),
           quantile(0.99), cpu);
}

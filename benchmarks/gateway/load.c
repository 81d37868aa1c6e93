// Keeps N connections busy for a while and says what came back, as one line of JSON.
//
//   load PORT CONNECTIONS SECONDS STREAM(0|1)        KEY in the environment: the bearer secret
//
// Closed loop: every connection sends its next request when the reply before it is complete.
// Latency is that of whole requests, in microseconds. One thread, epoll, loopback only.
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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, EVENTS_AT_ONCE = 256, MOST_SAMPLES = 4000000 };

struct connection {
    int socket, in_body, chunked;
    long expected;  // bytes of body, -1 while unknown
    size_t filled, seen;
    uint64_t began;
    char input[ROOM];
};

static char request[2048];
static size_t request_size;
static int poller, port;
static long replies, events, refused, broken;
static uint32_t *samples;
static long sample_count;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static void ask(struct connection *c) {
    c->filled = c->seen = 0;
    c->in_body = c->chunked = 0;
    c->expected = -1;
    c->began = now();
    if (send(c->socket, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) broken++;
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
    ask(c);
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
    char *from = c->input + c->seen, *end = c->input + c->filled, *found;
    while ((found = memmem(from, (size_t)(end - from), "data: ", 6))) {
        events++;
        from = found + 6;
    }
    size_t looked = (size_t)(end - c->input);
    c->seen = looked > 5 ? looked - 5 : 0;
    if ((size_t)(from - c->input) > c->seen) c->seen = (size_t)(from - c->input);
}

static int is_complete(struct connection *c) {
    if (!c->in_body) return 0;
    if (!c->chunked) return c->expected >= 0 && c->filled >= (size_t)c->expected;
    return c->filled >= 5 && !memcmp(c->input + c->filled - 5, "0\r\n\r\n", 5);
}

static void take(struct connection *c) {
    ssize_t got = recv(c->socket, c->input + c->filled, ROOM - c->filled - 1, 0);
    if (got <= 0) {
        broken++;
        close(c->socket);
        dial(c);
        return;
    }
    c->filled += (size_t)got;
    if (!c->in_body) read_head(c);
    if (c->in_body && c->chunked) count_events(c);
    if (!is_complete(c)) return;
    replies++;
    if (sample_count < MOST_SAMPLES)
        samples[sample_count++] = (uint32_t)((now() - c->began) / 1000);
    ask(c);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t quantile(double share) {
    return sample_count ? samples[(long)((double)(sample_count - 1) * share)] : 0;
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    port = atoi(arguments[1]);
    int connections = atoi(arguments[2]), streamed = atoi(arguments[4]);
    double seconds = atof(arguments[3]);
    const char *key = getenv("KEY") ? getenv("KEY") : "";
    char body[512];
    int size = sprintf(body,
        "{\"model\":\"mock\",\"messages\":[{\"role\":\"user\",\"content\":\"Say something "
        "short.\"}],\"max_tokens\":50%s}",
        streamed ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "");
    request_size = (size_t)sprintf(request,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %s\r\n"
        "content-type: application/json\r\ncontent-length: %d\r\n\r\n%s", key, size, body);
    samples = malloc(sizeof *samples * MOST_SAMPLES);
    poller = epoll_create1(0);
    for (int i = 0; i < connections; i++) dial(calloc(1, sizeof(struct connection)));
    struct epoll_event ready[EVENTS_AT_ONCE];
    uint64_t began = now(), end = began + (uint64_t)(seconds * 1e9);
    while (now() < end) {
        int found = epoll_wait(poller, ready, EVENTS_AT_ONCE, 100);
        for (int i = 0; i < found; i++) take(ready[i].data.ptr);
    }
    double took = (double)(now() - began) / 1e9;
    qsort(samples, (size_t)sample_count, sizeof *samples, by_size);
    printf("{\"requests\":%ld,\"seconds\":%.3f,\"events\":%ld,\"refused\":%ld,\"broken\":%ld,"
           "\"p50_us\":%u,\"p99_us\":%u}\n",
           replies, took, events, refused, broken, quantile(0.5), quantile(0.99));
}

// A model server that costs almost nothing, so that what stands before it can be measured.
//
//   mock_upstream PORT
//
// POST anything: one fixed chat completion, or, when the body has "stream":true, `max_tokens`
// events (50 unless given), one HTTP chunk and one send() each, then the end of the stream. With
// `pace_us:N` anywhere in the body an event every N microseconds, each with the time it was sent.
// One thread, epoll, HTTP/1.1 with keep-alive. Loopback only.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_ROOM = 1 << 20, EVENTS_AT_ONCE = 256, USUAL_TOKENS = 50 };

struct client {
    int socket;
    char *input;
    size_t filled;
    long events_left;  // of the stream being written; 0 between requests
    uint64_t pace, due;  // nanoseconds; 0: as fast as they are taken
    size_t unsent;     // of `pending`, which did not fit into the socket
    char pending[1024];
};

static int poller;
static char plain_reply[2048], stream_head[256], event_chunk[1024], stream_end[1024];
static size_t plain_size, head_size, event_size, end_size;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static size_t chunked(char *into, const char *text) {
    return (size_t)sprintf(into, "%zx\r\n%s\r\n", strlen(text), text);
}

static void prepare_replies(void) {
    static const char *completion =
        "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1700000000,"
        "\"model\":\"mock\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
        "\"content\":\"A short answer, long enough to look like one that a person would read."
        "\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":12,"
        "\"completion_tokens\":34,\"total_tokens\":46}}";
    plain_size = (size_t)sprintf(plain_reply,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
        strlen(completion), completion);
    head_size = (size_t)sprintf(stream_head,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        "transfer-encoding: chunked\r\n\r\n");
    event_size = chunked(event_chunk,
        "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"mock\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\"token \"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    end_size = chunked(stream_end,
        "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"mock\",\"choices\":[],\"usage\":"
        "{\"prompt_tokens\":12,\"completion_tokens\":50,\"total_tokens\":62}}\n\n"
        "data: [DONE]\n\n");
    end_size += (size_t)sprintf(stream_end + end_size, "0\r\n\r\n");
}

static void hang_up(struct client *client) {
    close(client->socket);
    free(client->input);
    free(client);
}

static void watch(struct client *client, int output_too) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = client};
    if (output_too) wanted.events |= EPOLLOUT;
    epoll_ctl(poller, EPOLL_CTL_MOD, client->socket, &wanted);
}

// Returns 1 when all went out, 0 when the rest waits for room, -1 when the client is gone.
static int push(struct client *client, const char *data, size_t size) {
    ssize_t sent = send(client->socket, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return -1;
    if (sent < 0) sent = 0;
    if ((size_t)sent == size) return 1;
    client->unsent = size - (size_t)sent;
    memcpy(client->pending, data + sent, client->unsent);
    watch(client, 1);
    return 0;
}

static int push_stamped(struct client *client) {
    char text[640], chunk[700];
    sprintf(text,
        "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"mock\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\"token \"},\"logprobs\":null,\"finish_reason\":null}],"
        "\"x_sent_ns\":%020llu}\n\n", (unsigned long long)now());
    return push(client, chunk, chunked(chunk, text));
}

// One event per call, so that many streams advance side by side. Same results as push.
static int advance_stream(struct client *client) {
    if (--client->events_left <= 0) return push(client, stream_end, end_size);
    if (!client->pace) return push(client, event_chunk, event_size);
    client->due += client->pace;
    return push_stamped(client);
}

static long number_after(const char *body, const char *name, long otherwise) {
    const char *found = strstr(body, name);
    if (!found) return otherwise;
    found += strlen(name);
    while (*found == ' ' || *found == ':') found++;
    return *found == 't' ? 1 : *found == 'f' ? 0 : strtol(found, NULL, 10);
}

// Answers the first whole request in the input, if there is one. -1 when the client is gone.
static int answer(struct client *client) {
    client->input[client->filled] = 0;
    char *end_of_head = strstr(client->input, "\r\n\r\n");
    if (!end_of_head) return 0;
    char *length = strcasestr(client->input, "content-length:");
    size_t body_size = length && length < end_of_head ? strtoul(length + 15, NULL, 10) : 0;
    size_t whole = (size_t)(end_of_head + 4 - client->input) + body_size;
    if (client->filled < whole) return 0;
    char *body = end_of_head + 4, behind = body[body_size];
    body[body_size] = 0;
    int streamed = number_after(body, "\"stream\"", 0) == 1;
    long tokens = number_after(body, "\"max_tokens\"", USUAL_TOKENS);
    client->pace = 1000ull * (uint64_t)number_after(body, "pace_us", 0);
    client->due = client->pace ? now() + client->pace : 0;
    body[body_size] = behind;
    memmove(client->input, client->input + whole, client->filled - whole);
    client->filled -= whole;
    if (!streamed) return push(client, plain_reply, plain_size) < 0 ? -1 : 0;
    client->events_left = tokens + 1;
    return push(client, stream_head, head_size) < 0 ? -1 : 0;
}

static int take_input(struct client *client) {
    ssize_t got = recv(client->socket, client->input + client->filled,
                       INPUT_ROOM - client->filled - 1, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return -1;
    if (got > 0) client->filled += (size_t)got;
    return client->events_left ? 0 : answer(client);
}

static int flush_pending(struct client *client) {
    size_t size = client->unsent;
    client->unsent = 0;
    char copy[sizeof client->pending];
    memcpy(copy, client->pending, size);
    int result = push(client, copy, size);
    if (result == 1) watch(client, 0);
    return result;
}

static void welcome(int listener) {
    int on = 1, socket;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *client = calloc(1, sizeof *client);
        client->socket = socket;
        client->input = malloc(INPUT_ROOM);
        struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(poller, EPOLL_CTL_ADD, socket, &wanted);
    }
}

static int listen_on(int port) {
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) {
        perror("mock_upstream");
        exit(1);
    }
    return listener;
}

// Milliseconds until a stream has something to send, -1 without streams.
static int patience(struct client **streaming, int streams) {
    for (int s = 0; s < streams; s++)
        if (!streaming[s]->due) return 0;
    return streams ? 1 : -1;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    signal(SIGPIPE, SIG_IGN);
    prepare_replies();
    int listener = listen_on(atoi(arguments[1]));
    poller = epoll_create1(0);
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &wanted);
    static struct client *streaming[65536];
    int streams = 0;
    struct epoll_event events[EVENTS_AT_ONCE];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_AT_ONCE, patience(streaming, streams));
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (!client) { welcome(listener); continue; }
            int result = 0;
            int was_streaming = client->events_left > 0;
            if (events[i].events & EPOLLOUT) result = flush_pending(client);
            if (result >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                result = take_input(client);
            if (result < 0) {
                for (int s = 0; s < streams; s++)
                    if (streaming[s] == client) streaming[s--] = streaming[--streams];
                hang_up(client);
            } else if (!was_streaming && client->events_left) {
                streaming[streams++] = client;
            }
        }
        uint64_t time = now();
        for (int s = 0; s < streams; s++) {
            struct client *client = streaming[s];
            if (client->unsent || client->due > time) continue;
            int result = advance_stream(client);
            if (result < 0 || !client->events_left) streaming[s--] = streaming[--streams];
            if (result < 0) hang_up(client);
            else if (!client->events_left && client->filled) answer(client);
        }
    }
}

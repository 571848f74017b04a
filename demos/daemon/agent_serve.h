/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The agent's loop: one process, sockets that do not block, and for each client a phase, a deadline and a fixed amount
 * of memory. A client can be late, silent or greedy; it costs one of CLIENTS_MAX places until its deadline, and nobody
 * waits for it but those for whom there is no place (they wait in the kernel's queue).
 */
#ifndef LIFELINE_DEMO_AGENT_SERVE_H
#define LIFELINE_DEMO_AGENT_SERVE_H

#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define CLIENTS_MAX 32
#define REQUEST_MS 5000    /* for the whole head of a request */
#define PROGRESS_MS 10000  /* without a byte taken by the client */
#define RESPONSE_MS 120000 /* for the whole response */
#define GOODBYE_MS 1000    /* for the client to close after us */

enum phase { FREE, READING, SENDING, GOODBYE };

struct client {
	enum phase phase;
	int socket, file;      /* file: -1 none */
	long deadline, latest; /* ms of the monotonic clock; latest: that no progress moves */
	size_t got;            /* of the request, in text */
	size_t length, sent;   /* of the response's head, in text */
	off_t left;            /* of the file */
	char text[HTTP_HEAD_MAX + 1];
};

static inline long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void client_drop(struct client *client)
{
	close(client->socket);
	if (client->file >= 0)
		close(client->file);
	client->phase = FREE;
}

static inline void client_accept(struct client *client, int listener)
{
	int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (socket < 0)
		return; /* it has gone again */
	client->phase = READING;
	client->socket = socket;
	client->file = -1;
	client->got = 0;
	client->deadline = client->latest = now_ms() + REQUEST_MS;
}

/* ---- sending ------------------------------------------------------------------------------------------- */

/* Our side is closed, the client's not yet: were the socket closed with unread bytes in it, the kernel would send a
 * reset, and the client could lose the end of the response (RFC 9112, 9.6). */
static inline void client_say_goodbye(struct client *client)
{
	shutdown(client->socket, SHUT_WR);
	client->phase = GOODBYE;
	client->deadline = client->latest = now_ms() + GOODBYE_MS;
}

/* Sends what there is room for: the head, then the file; a part of either is the rule, not the exception. */
static inline void client_send(struct client *client)
{
	ssize_t done;

	if (client->sent < client->length) {
		done = send(client->socket, client->text + client->sent, client->length - client->sent,
			    MSG_NOSIGNAL | (client->left ? MSG_MORE : 0));
		client->sent += done > 0 ? (size_t)done : 0;
	} else {
		done = sendfile(client->socket, client->file, NULL,
				client->left > 1 << 20 ? 1 << 20 : (size_t)client->left);
		client->left -= done > 0 ? done : 0;
		if (done == 0) {
			client_drop(client); /* the file has become shorter than we said: cut off, so that it shows */
			return;
		}
	}
	if (done < 0 && errno != EAGAIN && errno != EINTR) {
		client_drop(client);
		return;
	}
	if (done > 0)
		client->deadline = now_ms() + PROGRESS_MS;
	if (client->sent == client->length && !client->left)
		client_say_goodbye(client);
}

static inline void client_answer(struct client *client, int status, const struct http_request *request, off_t size)
{
	bool head_only = request && request->head_only;

	client->length = http_write(client->text, sizeof client->text, status, request ? http_type(request->path) : "",
				    size, head_only);
	client->sent = 0;
	client->left = status == 200 && !head_only ? size : 0;
	client->phase = SENDING;
	client->deadline = now_ms() + PROGRESS_MS;
	client->latest = now_ms() + RESPONSE_MS;
	client_send(client);
}

/* ---- receiving ----------------------------------------------------------------------------------------- */

static inline void client_serve(struct client *client, int folder, size_t head_length)
{
	struct http_request request = {0};
	struct stat about = {0};
	char head[HTTP_HEAD_MAX + 1];
	int status;

	memcpy(head, client->text, head_length);
	head[head_length] = '\0';
	status = http_read(head, head_length, &request);
	if (status) {
		client_answer(client, status, &request, 0);
		return;
	}
	client->file = http_open(folder, request.path, &about);
	client_answer(client, client->file < 0 ? 404 : 200, &request, about.st_size);
}

static inline void client_receive(struct client *client, int folder)
{
	ssize_t got = recv(client->socket, client->text + client->got, HTTP_HEAD_MAX - client->got, 0);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_drop(client);
		return;
	}
	client->got += (size_t)got;
	end = memmem(client->text, client->got, "\r\n\r\n", 4);
	if (end)
		client_serve(client, folder, (size_t)(end - client->text) + 4);
	else if (client->got == HTTP_HEAD_MAX)
		client_answer(client, 431, NULL, 0);
}

static inline void client_discard(struct client *client)
{
	ssize_t got = recv(client->socket, client->text, HTTP_HEAD_MAX, 0);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		client_drop(client);
}

static inline void client_go_on(struct client *client, int folder, short events)
{
	long now = now_ms();

	if (client->phase == READING && events)
		client_receive(client, folder);
	else if (client->phase == SENDING && events)
		client_send(client);
	else if (client->phase == GOODBYE && events)
		client_discard(client);
	else if (client->phase == READING && client->got && now >= client->deadline)
		client_answer(client, 408, NULL, 0);
	if (client->phase != FREE && (now >= client->deadline || now >= client->latest) && !events)
		client_drop(client);
}

/* ---- the loop -------------------------------------------------------------------------------------------- */

/* The descriptor on which a wish to end can be read. */
static inline int end_wishes(void)
{
	sigset_t wishes;

	sigemptyset(&wishes);
	sigaddset(&wishes, SIGTERM);
	sigaddset(&wishes, SIGINT);
	sigprocmask(SIG_BLOCK, &wishes, NULL);
	signal(SIGPIPE, SIG_IGN); /* sendfile has no MSG_NOSIGNAL */
	return signalfd(-1, &wishes, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The nearest deadline, as a timeout for poll. */
static inline int time_left(const struct client clients[CLIENTS_MAX])
{
	long left = -1, now = now_ms();

	for (int i = 0; i < CLIENTS_MAX; i++) {
		long own = clients[i].deadline < clients[i].latest ? clients[i].deadline : clients[i].latest;

		if (clients[i].phase == FREE)
			continue;
		own = own > now ? own - now : 0;
		left = left < 0 || own < left ? own : left;
	}
	return (int)left;
}

/* Serves until SIGTERM or SIGINT. */
static inline void agent_serve(int listener, int folder)
{
	static struct client clients[CLIENTS_MAX];
	struct pollfd polled[CLIENTS_MAX + 2];
	int wishes = end_wishes();

	for (;;) {
		struct client *place = NULL;

		for (int i = 0; i < CLIENTS_MAX; i++) {
			struct client *client = &clients[i];

			polled[i] = (struct pollfd){.fd = client->phase == FREE ? -1 : client->socket,
						    .events = client->phase == SENDING ? POLLOUT : POLLIN};
			if (client->phase == FREE)
				place = client;
		}
		polled[CLIENTS_MAX] = (struct pollfd){.fd = place ? listener : -1, .events = POLLIN};
		polled[CLIENTS_MAX + 1] = (struct pollfd){.fd = wishes, .events = POLLIN};
		if (poll(polled, CLIENTS_MAX + 2, time_left(clients)) < 0)
			continue;
		if (polled[CLIENTS_MAX + 1].revents)
			break;
		for (int i = 0; i < CLIENTS_MAX; i++)
			if (clients[i].phase != FREE)
				client_go_on(&clients[i], folder, (short)(polled[i].fd >= 0 ? polled[i].revents : 0));
		if (polled[CLIENTS_MAX].revents)
			client_accept(place, listener);
	}
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (clients[i].phase != FREE)
			client_drop(&clients[i]);
	close(wishes);
}

/* A socket that listens on this port of 127.0.0.1 (0: any), or -errno. */
static inline int agent_listen(int port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, error, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* connections of the one before us may still be closing (TIME_WAIT); that is no reason not to start */
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
	    !bind(fd, (struct sockaddr *)&address, sizeof address) && !listen(fd, 64))
		return fd;
	error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

static inline int agent_port(int listener)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof address;

	getsockname(listener, (struct sockaddr *)&address, &size);
	return ntohs(address.sin_port);
}

#endif

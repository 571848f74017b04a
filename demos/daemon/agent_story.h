/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the story of daemon/agent takes beside the agent: pictures to serve, and somebody who asks for them. */
#ifndef LIFELINE_DEMO_AGENT_STORY_H
#define LIFELINE_DEMO_AGENT_STORY_H

#include "daemon.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- pictures ------------------------------------------------------------------------------------------ */

static inline FILE *new_picture(const char *folder, const char *name)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wxe");
	if (!file)
		demo_fail(path);
	return file;
}

static inline void paint_sunrise(const char *folder)
{
	FILE *file = new_picture(folder, "sunrise.svg");

	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 160 90\">\n"
		      "<rect width=\"160\" height=\"90\" fill=\"#fdb\"/>\n"
		      "<circle cx=\"80\" cy=\"60\" r=\"28\" fill=\"#f73\"/>\n"
		      "<rect y=\"60\" width=\"160\" height=\"30\" fill=\"#257\"/>\n"
		      "</svg>\n");
	if (fclose(file))
		demo_fail("paint");
}

/* Larger than a socket's buffers, so that it cannot be sent in one go (ppm(5)). */
static inline void paint_sky(const char *folder)
{
	enum { WIDTH = 1600, HEIGHT = 1000 };
	static unsigned char row[3 * WIDTH];
	FILE *file = new_picture(folder, "sky.ppm");

	fprintf(file, "P6 %d %d 255\n", WIDTH, HEIGHT);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			row[3 * x] = (unsigned char)(60 + 160 * y / HEIGHT);
			row[3 * x + 1] = (unsigned char)(120 + 100 * y / HEIGHT);
			row[3 * x + 2] = 240;
		}
		fwrite(row, sizeof row, 1, file);
	}
	if (fclose(file))
		demo_fail("paint");
}

/* ---- asking -------------------------------------------------------------------------------------------- */

/* The whole response, of which the first `size` bytes are kept; its length, or -1. */
static inline long fetch(int port, const char *request, char *text, size_t size)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char rest[65536];
	long length = 0;
	ssize_t got = -1;

	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof address) &&
	    send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
		while ((got = recv(fd, rest, sizeof rest, 0)) > 0) {
			for (ssize_t i = 0; i < got && length + i < (long)size - 1; i++)
				text[length + i] = rest[i];
			length += got;
		}
	if (fd >= 0)
		close(fd);
	text[length < (long)size ? length : (long)size - 1] = '\0';
	return got == 0 ? length : -1;
}

/* Asks for it, says what came, and whether that is a whole response with this status. */
static inline bool ask(int port, const char *path, int expected)
{
	char request[512], text[1024], *body, *length_field;
	long total, promised;
	int status = 0;

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
	total = fetch(port, request, text, sizeof text);
	body = strstr(text, "\r\n\r\n");
	length_field = strstr(text, "Content-Length: ");
	if (total < 0 || !body || !length_field || sscanf(text, "HTTP/1.1 %d", &status) != 1) {
		demo_say("GET %s: no response", path);
		return false;
	}
	promised = atol(length_field + 16);
	total -= body + 4 - text;
	demo_say("GET %s: %.*s, %ld bytes", path, (int)strcspn(text + 9, "\r"), text + 9, total);
	return status == expected && promised == total;
}

/* ---- a port --------------------------------------------------------------------------------------------- */

/* Only one story at a time plays on the usual port: a name in the abstract namespace (unix(7)) says that it is taken,
 * and goes with us. */
static inline bool port_is_ours(int port)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "lifeline-demo-port-%d", port);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && !bind(fd, (struct sockaddr *)&name,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
}

#endif

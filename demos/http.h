/* SPDX-License-Identifier: BSD-2-Clause
 *
 * As much of HTTP/1.1 (RFC 9112) as serving files from a folder takes: reading a request's head, finding the file,
 * writing a response's head. Nothing here waits: descriptors are the caller's. What a client sends is hostile:
 *
 * - The head has a limit (HTTP_HEAD_MAX), and what is not understood to the letter is refused, never guessed.
 * - No path leaves the folder. The path is decoded once, and walked one name at a time from the open folder, each
 * opened relative to the one before and never through a symbolic link; "..", "." and hidden names are not names of
 * pictures. So there is no string to be cleaned, and nothing to be exchanged between a check and its use.
 */
#ifndef LIFELINE_DEMO_HTTP_H
#define LIFELINE_DEMO_HTTP_H

#include "demo.h"

#include <ctype.h>
#include <strings.h>
#include <sys/stat.h>

#define HTTP_HEAD_MAX 4096
#define HTTP_PATH_MAX 1024

struct http_request {
	bool head_only;           /* HEAD */
	char path[HTTP_PATH_MAX]; /* decoded; starts with '/' */
};

/* ---- requests ---------------------------------------------------------------------------------------- */

static inline int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* %2e and the like, once: what is still %-encoded after that is a name with a percent sign. false: not well-formed, or
 * a byte that no file name has. */
static inline bool http_decode(const char *from, char path[HTTP_PATH_MAX])
{
	size_t used = 0;

	for (; *from && *from != '?'; from++) {
		int c = (unsigned char)*from;

		if (c == '%') {
			int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);

			if (low < 0)
				return false;
			c = high * 16 + low;
			from += 2;
		}
		if (c < ' ' || c == 127 || used == HTTP_PATH_MAX - 1)
			return false;
		path[used++] = (char)c;
	}
	path[used] = '\0';
	return path[0] == '/';
}

/* Is there exactly one Host, as RFC 9112, 3.2 wants it? And does a body follow? (Of no method that is served here.) */
static inline bool http_fields_fit(char *fields, bool old)
{
	int hosts = 0;

	for (char *next, *line = fields; *line; line = next) {
		next = strstr(line, "\r\n");
		if (!next || next == line)
			return false;
		*next = '\0';
		next += 2;
		if (line[strcspn(line, ": \t")] != ':' || line[0] == ':')
			return false; /* no name, a blank before the colon, or a line folded on */
		hosts += !strncasecmp(line, "Host:", 5);
		if (!strncasecmp(line, "Transfer-Encoding:", 18) ||
		    (!strncasecmp(line, "Content-Length:", 15) && atoi(line + 15) != 0))
			return false;
	}
	return hosts == 1 || (old && hosts == 0);
}

static inline bool http_method_known(const char *method)
{
	static const char *const others[] = {"POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (!strcmp(method, others[i]))
			return true;
	return false;
}

/* `http://host/path`, the form for proxies, which servers have to take as well (RFC 9112, 3.2.2): the path in it. */
static inline const char *http_origin(const char *target)
{
	if (strncasecmp(target, "http://", 7))
		return target;
	target = strchr(target + 7, '/');
	return target ? target : "/";
}

/* Reads a whole head of `length` bytes with its empty line; the text is cut up. Returns 0, or the status to refuse it
 * with. */
static inline int http_read(char *text, size_t length, struct http_request *request)
{
	char *method = text, *target, *version, *line_end = strstr(text, "\r\n"), *fields;

	if (strlen(text) != length || !line_end)
		return 400; /* a NUL in it, which C would take for its end */
	fields = line_end + 2;
	*line_end = '\0';
	text[length - 2] = '\0'; /* the empty line */
	target = strchr(method, ' ');
	version = target ? strchr(target + 1, ' ') : NULL;
	if (!version || strchr(version + 1, ' '))
		return 400;
	*target++ = '\0';
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) || !isdigit((unsigned char)version[5]) || version[6] != '.' ||
	    !isdigit((unsigned char)version[7]) || version[8])
		return 400;
	if (version[5] != '1')
		return 505;
	if (http_method_known(method))
		return 405;
	request->head_only = !strcmp(method, "HEAD");
	if (!request->head_only && strcmp(method, "GET"))
		return strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(method) && *method ? 501 : 400;
	if (!http_fields_fit(fields, version[7] == '0'))
		return 400;
	return http_decode(http_origin(target), request->path) ? 0 : 400;
}

/* ---- files ---------------------------------------------------------------------------------------------- */

/* The regular file of this path below the folder, open for reading; -1 if there is none that may be served. */
static inline int http_open(int folder, const char *path, struct stat *about)
{
	char name[256];
	int at = dup(folder);

	while (at >= 0) {
		size_t length;
		int next;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!length || length >= sizeof name || *path == '.')
			break;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		/* not blocking: a FIFO would make us wait for somebody to write to it */
		next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (*path ? O_DIRECTORY : 0));
		close(at);
		at = next;
		if (at < 0 || *path)
			continue;
		if (!fstat(at, about) && S_ISREG(about->st_mode))
			return at;
		break;
	}
	if (at >= 0)
		close(at);
	return -1;
}

static inline const char *http_type(const char *path)
{
	static const char *const types[][2] = {{".svg", "image/svg+xml"}, {".png", "image/png"},
					       {".jpg", "image/jpeg"},    {".jpeg", "image/jpeg"},
					       {".gif", "image/gif"},     {".webp", "image/webp"},
					       {".bmp", "image/bmp"},     {".ppm", "image/x-portable-pixmap"}};
	const char *ending = strrchr(path, '.');

	for (size_t i = 0; ending && i < sizeof types / sizeof types[0]; i++)
		if (!strcasecmp(ending, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

/* ---- responses ------------------------------------------------------------------------------------------ */

static inline const char *http_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 501:
		return "Not Implemented";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

/* A response's head, and for all but 200 a word as its body, unless head_only. Returns its length. */
static inline size_t http_write(char *to, size_t size, int status, const char *type, off_t length, bool head_only)
{
	char date[64], word[64] = "";
	struct tm now;
	time_t seconds = time(NULL);

	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &now));
	if (status != 200)
		length = snprintf(word, sizeof word, "%d %s\n", status, http_reason(status));
	return (size_t)snprintf(to, size,
				"HTTP/1.1 %d %s\r\n"
				"Date: %s\r\n"
				"Content-Type: %s\r\n"
				"Content-Length: %lld\r\n"
				"X-Content-Type-Options: nosniff\r\n"
				"%sConnection: close\r\n\r\n%s",
				status, http_reason(status), date, status == 200 ? type : "text/plain; charset=utf-8",
				(long long)length, status == 405 ? "Allow: GET, HEAD\r\n" : "", head_only ? "" : word);
}

#endif

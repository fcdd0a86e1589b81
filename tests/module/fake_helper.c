/* SPDX-License-Identifier: BSD-3-Clause */
/* A helper that answers by a script, and writes down what it was asked, for tests of the module. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/wire.h"

/*
 * In the folder of the configuration's StateDirectory: "script", one line for each conversation,
 *and "log". A line is a row of words, one for each frame that comes:
 *
 *	done=RV vendor use-r=PIN set-with-r=PIN watching personalizing, each with ,seq=N and ,keep
 *	die garbage short silence other (another type of frame) no-r (USE_R without R)
 *
 * "+die" behind a word: it ends after it. "stay" in front of a line: the process that was spawned
 *does not leave its child behind.
 */
#define LINE_MAX_LEN 1024

static char folder[512];
static FILE *log_file;

static void
find_folder(int argc, char **argv)
{
	static const char name[] = "StateDirectory=";
	char line[LINE_MAX_LEN];
	FILE *f;
	int i;

	for (i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--config") == 0)
			break;
	f = i + 1 < argc ? fopen(argv[i + 1], "re") : NULL;
	if (f == NULL)
		exit(2);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			snprintf(folder, sizeof(folder), "%.*s",
			    (int)strcspn(line + strlen(name), "\n"), line + strlen(name));
	fclose(f);
}

static FILE *
open_in_folder(const char *name, const char *mode)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, mode);
}

/* Takes the first line of the script that no other helper took. */
static bool
take_line(char *line, size_t size)
{
	FILE *script = open_in_folder("script", "re"), *place = open_in_folder("place", "a+e");
	int skip = 0;
	bool ok = true;

	if (script == NULL || place == NULL || flock(fileno(place), LOCK_EX) != 0)
		exit(2);
	rewind(place);
	while (fgetc(place) != EOF)
		skip++;
	for (skip++; ok && skip > 0; skip--)
		ok = fgets(line, (int)size, script) != NULL;
	fputc('.', place);
	fclose(place);
	fclose(script);
	line[strcspn(line, "\n")] = '\0';
	return ok;
}

static void
log_field(const struct wire *w, enum wire_tag tag, const char *name)
{
	const struct wire_field *f = wire_get(w, tag);

	if (f != NULL)
		fprintf(log_file, " %s=%.*s", name, (int)f->len, (const char *)f->bytes);
}

static void
log_frame(const struct wire *w)
{
	static const char *const names[] = {"?", "LOGIN", "SET_PIN", "SO_LOGIN", "INIT_PIN",
	    "SET_SO", "RESULT", "LOGOUT", "RELEASE"};
	const struct wire_field *id = wire_get(w, WIRE_IDENTITY);
	uint32_t number;

	fprintf(log_file, "%s", names[w->type < 9 ? w->type : 0]);
	if (id != NULL)
		fprintf(log_file, " ID=%.4s", (const char *)id->bytes + 80);
	log_field(w, WIRE_PIN, "PIN");
	log_field(w, WIRE_NEW_PIN, "NEW");
	log_field(w, WIRE_COOKIE, "COOKIE");
	if (wire_get_u32(w, WIRE_RV, &number))
		fprintf(log_file, " RV=0x%x", number);
	if (wire_get_u32(w, WIRE_FLAGS, &number) && number != 0)
		fprintf(log_file, " FLAGS=%u", number);
	if (wire_get_u32(w, WIRE_TOKEN_FLAGS, &number))
		fputs(" TF", log_file);
	if (w->fd >= 0)
		fputs(" FD", log_file);
	fputc('\n', log_file);
	fflush(log_file);
}

static void
send_answer(int sock, const char *word)
{
	static const struct {
		const char *name;
		enum wire_verdict verdict;
	} verdicts[] = {
	    {"done=", WIRE_DONE},
	    {"vendor", WIRE_VENDOR},
	    {"use-r=", WIRE_USE_R},
	    {"set-with-r=", WIRE_SET_WITH_R},
	    {"no-r", WIRE_USE_R},
	    {"watching", WIRE_WATCHING},
	    {"personalizing", WIRE_PERSONALIZING},
	};
	const char *value = strchr(word, '='), *more = strchr(word, ',');
	struct wire w;
	size_t i;

	wire_begin(&w, strcmp(word, "other") == 0 ? WIRE_RESULT : WIRE_ANSWER);
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strncmp(word, verdicts[i].name, strlen(verdicts[i].name)) == 0)
			wire_put_u8(&w, WIRE_VERDICT, (uint8_t)verdicts[i].verdict);
	if (strncmp(word, "done=", 5) == 0)
		wire_put_u32(&w, WIRE_RV, (uint32_t)strtoul(value + 1, NULL, 0));
	else if (strstr(word, "-r=") != NULL && value != NULL)
		wire_put(&w, WIRE_R, value + 1,
		    more != NULL ? (size_t)(more - value - 1) : strlen(value + 1));
	if ((more = strstr(word, ",seq=")) != NULL)
		wire_put_u64(&w, WIRE_SEQUENCE, strtoull(more + 5, NULL, 10));
	if (strstr(word, ",keep") != NULL)
		wire_put_u32(&w, WIRE_FLAGS, WIRE_FLAG_KEEP);
	if (wire_send(sock, &w, 1000) != WIRE_OK)
		exit(3);
	wire_end(&w);
}

static void
act(int sock, const char *word)
{
	if (strcmp(word, "die") == 0)
		_exit(0);
	if (strcmp(word, "garbage") == 0)
		(void)!write(sock, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	else if (strcmp(word, "short") == 0) {
		(void)!write(sock, "\1\100\0\0\0\0\0\11\5", 9);
		_exit(0);
	} else if (strcmp(word, "silence") != 0)
		send_answer(sock, word);
}

static void
log_start(int argc, char **argv)
{
	sigset_t mask;
	struct sigaction action;
	size_t n = 0;
	int i, fds = 0;
	char **e;

	for (e = environ; *e != NULL; e++)
		n++;
	for (i = 3; i < 1024; i++)
		if (i != fileno(log_file) && fcntl(i, F_GETFD) >= 0)
			fds++;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGCHLD, NULL, &action);
	fprintf(log_file, "START argc=%d %s env=%zu fds=%d usr1=%d chld=%s out=%d\n", argc, argv[1],
	    n, fds, sigismember(&mask, SIGUSR1), action.sa_handler == SIG_DFL ? "default" : "other",
	    fcntl(1, F_GETFD) >= 0);
	fflush(log_file);
	/* Vendor modules print. */
	(void)!write(1, "printed\n", 8);
}

static void
serve(int sock, char *words)
{
	char *word, *plus, *rest = NULL;
	struct wire w;

	for (word = strtok_r(words, " ", &rest);; word = strtok_r(NULL, " ", &rest)) {
		enum wire_status status = wire_receive(sock, &w, -1);

		if (status != WIRE_OK) {
			fprintf(log_file, "END %d\n", (int)status);
			break;
		}
		log_frame(&w);
		wire_end(&w);
		if (word == NULL)
			break;
		plus = strstr(word, "+die");
		if (plus != NULL)
			*plus = '\0';
		act(sock, word);
		if (plus != NULL) {
			/* Killed while nothing is asked of it. */
			close(sock);
			fputs("END 9\n", log_file);
			break;
		}
	}
	fflush(log_file);
}

int
main(int argc, char **argv)
{
	char line[LINE_MAX_LEN] = "";
	bool stay;
	int sock;

	find_folder(argc, argv);
	if (!take_line(line, sizeof(line)))
		return 2;
	stay = strncmp(line, "stay ", 5) == 0;
	if (!stay && fork() != 0)
		_exit(0);
	if (!stay)
		setsid();
	/* As the real one does: what vendor modules print must not go to the socket. */
	sock = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(0);
	(void)!open("/dev/null", O_RDWR);
	log_file = open_in_folder("log", "ae");
	if (log_file == NULL || sock < 0)
		return 2;
	log_start(argc, argv);
	serve(sock, line + (stay ? 5 : 0));
	return 0;
}

#include "cmd/terminal.h"

#include "base/file.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

enum sp_code
cmd_terminal_ask(
    int tty, const char *ask, struct sp_buf *line, struct sp_err *err)
{
	struct termios seen, unseen;
	uint8_t c = 0;
	ssize_t n = 1;

	if (tcgetattr(tty, &seen) != 0)
		return sp_fail_os(err, "ask on the terminal");
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &unseen) != 0 ||
	    write(tty, ask, strlen(ask)) < 0)
		return sp_fail_os(err, "ask on the terminal");
	while (n == 1 && c != '\n') {
		n = read(tty, &c, 1);
		if (n == 1)
			sp_buf_u8(line, c);
	}
	c = 0;
	(void)tcsetattr(tty, TCSAFLUSH, &seen); /* as it was, if it can be */
	return sp_file_write_all(tty, "\n", 1, err);
}

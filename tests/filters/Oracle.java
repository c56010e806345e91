import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;

/**
 * AWS's engine, asked line by line: {"pattern": text, "value": text} in; "match", "no match" or "rejected: reason" out.
 *
 * Both are JSON texts within JSON, so that the spelling of a number and a key that stands twice come through. A value
 * that the engine does not take is "unreadable value: reason"; whatever a line does to the engine is its answer, and the
 * next line is read.
 */
final class Oracle {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RULE = "rule";

    private Oracle() {
    }

    public static void main(final String[] arguments) throws IOException {
        final var questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        final var answers = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            final JsonNode question = JSON.readTree(line);
            answers.write(answer(question.get("pattern").textValue(), question.get("value").textValue()));
            answers.newLine();
            if (!questions.ready()) {
                answers.flush();
            }
        }
        answers.flush();
    }

    private static String answer(final String pattern, final String value) {
        // Without overrides a key that stands twice is an error; with them, which is the default, the last one counts.
        final Machine machine = Machine.builder().withOverridesForDuplicateRules(false).build();
        try {
            // addRule alone would take a broken `$or` for the name of a field.
            final String error = JsonRuleCompiler.check(pattern, false);
            if (error != null) {
                return "rejected: " + firstLine(error);
            }
            machine.addRule(RULE, pattern);
        } catch (Throwable thrown) {
            return "rejected: " + firstLine(thrown.toString());
        }
        try {
            return machine.rulesForJSONEvent(value).isEmpty() ? "no match" : "match";
        } catch (Throwable thrown) {
            return "unreadable value: " + firstLine(thrown.toString());
        }
    }

    private static String firstLine(final String text) {
        return text.lines().findFirst().orElse("");
    }
}

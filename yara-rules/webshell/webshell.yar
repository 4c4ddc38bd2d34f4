// Pages that hand a visitor's request to a command interpreter. In a backup of a web server they come back with it.

rule Webshell_PHP
{
    meta:
        author = "BackupLens"
        description = "A PHP page that runs what a request holds"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $php = /<\?(php|=)/ nocase
        $run1 = /\b(eval|assert|system|shell_exec|exec|passthru|popen|proc_open|pcntl_exec|create_function)\s{0,8}\(\s{0,8}(@|stripslashes\s{0,4}\(|trim\s{0,4}\(|urldecode\s{0,4}\()?\s{0,8}\$_(get|post|request|cookie|server|files)\s{0,8}[\[{]/ nocase
        $run2 = /\b(eval|assert)\s{0,8}\(\s{0,8}@?(base64_decode|gzinflate|gzuncompress|str_rot13|strrev|hex2bin)\s{0,8}\(\s{0,8}((base64_decode|gzinflate|gzuncompress|str_rot13|strrev|hex2bin)\s{0,8}\(\s{0,8}){0,4}\$_(get|post|request|cookie|server)/ nocase
        $run3 = /\b(eval|assert)\s{0,8}\(\s{0,8}@?(gzinflate|gzuncompress|str_rot13|strrev)\s{0,8}\(\s{0,8}((base64_decode|gzinflate|gzuncompress|str_rot13|strrev)\s{0,8}\(\s{0,8}){1,4}["'][A-Za-z0-9+\/=]{200}/ nocase
        $run4 = /\beval\s{0,8}\(\s{0,8}@?base64_decode\s{0,8}\(\s{0,8}["'][A-Za-z0-9+\/=]{200}/ nocase
        $run5 = /\$_(get|post|request|cookie)\s{0,4}\[[^\]]{1,30}\]\s{0,4}\(\s{0,4}\$_(get|post|request|cookie)/ nocase
        $run6 = /`\s{0,4}\{?\$_(get|post|request|cookie)\s{0,4}\[/ nocase
        $run7 = /\bpreg_replace\s{0,8}\(\s{0,8}["'](.)[^"']{0,40}\/[a-z]{0,4}e[a-z]{0,4}["']\s{0,8},\s{0,8}\$_(get|post|request|cookie)/ nocase
    condition:
        filesize < 2MB and $php and 1 of ($run*)
}

rule Webshell_JSP
{
    meta:
        author = "BackupLens"
        description = "A JSP page that runs what a request holds"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $jsp1 = "<%"
        $jsp2 = "<jsp:scriptlet>" nocase
        $input = /request\s{0,4}\.\s{0,4}get(parameter|header|inputstream|reader|cookies)\s{0,4}\(/ nocase
        $run1 = /getruntime\s{0,4}\(\s{0,4}\)\s{0,4}\.\s{0,4}exec\s{0,4}\(/ nocase
        $run2 = /new\s{1,8}(java\.lang\.)?processbuilder\s{0,4}\(/ nocase
        $load1 = /extends\s{1,8}classloader/ nocase
        $load2 = /defineclass\s{0,4}\(/ nocase
    condition:
        filesize < 1MB and 1 of ($jsp*) and $input and (1 of ($run*) or all of ($load*))
}

rule Webshell_ASPX
{
    meta:
        author = "BackupLens"
        description = "An ASP or ASP.NET page that runs what a request holds"
        severity = "critical"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
    strings:
        $asp1 = "<%"
        $asp2 = /<script[^>]{0,80}runat\s{0,4}=\s{0,4}["']?server/ nocase
        $eval1 = /\b(eval|execute|executeglobal)\s{0,4}\(?\s{0,4}(unescape\s{0,4}\(\s{0,4})?request\b/ nocase
        $input = /\brequest(\s{0,4}\.\s{0,4}(form|querystring|params|item|headers|cookies))?\s{0,4}[\[(.]/ nocase
        $run1 = /new\s{1,8}(system\.diagnostics\.)?process(startinfo)?\s{0,4}\(/ nocase
        $run2 = /process\s{0,4}\.\s{0,4}start\s{0,4}\(/ nocase
        $run3 = /createobject\s{0,4}\(\s{0,4}["']wscript\.shell/ nocase
        $shell1 = "cmd.exe" nocase
        $shell2 = "powershell" nocase
        $shell3 = /\.exec\s{0,4}\(/ nocase
    condition:
        filesize < 1MB and 1 of ($asp*) and ($eval1 or ($input and 1 of ($run*) and 1 of ($shell*)))
}
